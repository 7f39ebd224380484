"""Names of copies: folders, names that are taken, invalid names."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bookstore_core.errors import BookstoreError, ConflictError, InvalidRequestError
from bookstore_web.contents.client import Caller, ContentsServer
from bookstore_web.contents.drafts import Saved, draft_of, opening_url, save
from bookstore_web.contents.free_names import find_place
from harness.web_app import ContentsDouble

ANN = Caller(base_url="/", host="h")
FILE = {"type": "file"}


@pytest.fixture(params=["its own files", "an older server", "other files"])
def contents(request: pytest.FixtureRequest) -> ContentsDouble:
    double = ContentsDouble()
    double.copies = request.param == "its own files"
    double.has_files = request.param != "other files"
    return double


@pytest.fixture
def server(
    contents: ContentsDouble, serve: Callable[..., str]
) -> Iterator[ContentsServer]:
    server = ContentsServer(serve(contents))
    yield server
    server.close()


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("a.ipynb", "a-1.ipynb"),
        ("a.b.csv", "a.b-1.csv"),
        ("a", "a-1"),
        (".profile", ".profile-1"),
        ("..a", "..a-1"),
        ("a.", "a-1."),
    ],
)
def test_the_number_goes_before_the_suffix(
    server: ContentsServer, contents: ContentsDouble, name: str, second: str
) -> None:
    contents.folders.add("sub")
    contents.files |= {name: FILE, f"sub/{name}": FILE}
    assert find_place(name, "", server=server, caller=ANN).path == second
    assert find_place(name, "sub", server=server, caller=ANN).path == f"sub/{second}"


@pytest.mark.parametrize("number", [1, 2, 7, 100, 998])
def test_the_first_free_number_is_found_with_few_requests(
    server: ContentsServer, contents: ContentsDouble, number: int
) -> None:
    names = ["a.txt", *(f"a-{count}.txt" for count in range(1, number))]
    contents.files |= dict.fromkeys(names, FILE)
    free_name = find_place("a.txt", "", server=server, caller=ANN)
    assert free_name.path == f"a-{number}.txt"
    assert len(contents.requests) <= (8 if contents.has_files else 25)
    assert not any(request.args.get("content") == "1" for request in contents.requests)


def test_a_name_that_is_taken_with_another_suffix_is_left_out_for_pairs(
    server: ContentsServer, contents: ContentsDouble
) -> None:
    contents.files |= {"a.ipynb": FILE, "a-1.py": FILE}
    alone = find_place("a.ipynb", "", server=server, caller=ANN)
    assert alone.path == "a-1.ipynb"
    paired = find_place("a.ipynb", "", server=server, caller=ANN, with_siblings=True)
    assert paired.path == "a-2.ipynb"


def test_the_search_for_a_free_name_ends(
    server: ContentsServer, contents: ContentsDouble
) -> None:
    contents.files |= dict.fromkeys(["a", *(f"a-{n}" for n in range(1, 1000))], FILE)
    with pytest.raises(ConflictError, match="Choose another"):
        find_place("a", "", server=server, caller=ANN)


def test_a_copy_takes_one_request_and_two_on_an_older_server(
    server: ContentsServer, contents: ContentsDouble
) -> None:
    contents.folders.add("sub")
    contents.files |= {f"sub/{number}.txt": FILE for number in range(1000)}
    for name in ("sub/b.txt", "sub/b-1.txt"):
        contents.requests.clear()
        saved = save(draft_of("a.txt", b"x"), "sub/b.txt", server=server, caller=ANN)
        assert saved.path == name
    assert contents.written == [f"/api/contents/{name}"]
    most = 1 if contents.copies else 3
    assert not contents.has_files or len(contents.requests) <= most


@pytest.mark.parametrize(
    ("name", "target"),
    [("a.txt", "no/such/"), ("a.txt", "b.ipynb"), ("..", ""), ("a.txt", "x/../y")],
)
def test_what_no_server_takes_is_refused_in_the_same_words(
    server: ContentsServer, contents: ContentsDouble, name: str, target: str
) -> None:
    with pytest.raises(BookstoreError) as by_name:
        find_place(name, target, server=server, caller=ANN)
    with pytest.raises(BookstoreError) as by_copy:
        save(draft_of(name, b"x"), target, server=server, caller=ANN)
    assert repr(by_copy.value) == repr(by_name.value)
    assert contents.files == {}


def test_the_suffix_of_a_notebook_is_added(server: ContentsServer) -> None:
    free_name = find_place("a.ipynb", "report.v2", server=server, caller=ANN)
    assert free_name.path == "report.v2.ipynb"


def test_a_folder_named_like_a_notebook_is_a_folder(
    server: ContentsServer, contents: ContentsDouble
) -> None:
    contents.folders.add("a.ipynb")
    free_name = find_place("a.ipynb", "a.ipynb", server=server, caller=ANN)
    assert free_name.path == "a.ipynb/a.ipynb"


def test_a_folder_of_that_name_is_not_written_over(
    server: ContentsServer, contents: ContentsDouble
) -> None:
    contents.folders.add("a.ipynb")
    assert find_place("a.ipynb", "", server=server, caller=ANN).path == "a-1.ipynb"


def test_a_file_is_not_a_folder(
    server: ContentsServer, contents: ContentsDouble
) -> None:
    contents.files["sub"] = FILE
    with pytest.raises(InvalidRequestError):
        find_place("a.txt", "sub/b.txt", server=server, caller=ANN)


def test_a_file_that_listings_leave_out_is_not_written_over(
    server: ContentsServer, contents: ContentsDouble
) -> None:
    contents.files["a.pyc"] = FILE
    contents.hidden.add("a.pyc")
    saved = save(draft_of("a.pyc", b"x"), "", server=server, caller=ANN)
    assert saved.path == "a-1.pyc"
    assert contents.files["a.pyc"] == FILE


@pytest.mark.parametrize("name", [".", "..", "x" * 256, "ü" * 128])
def test_a_key_that_does_not_end_in_a_file_name_needs_a_target(
    server: ContentsServer, name: str
) -> None:
    with pytest.raises(InvalidRequestError):
        find_place(name, "", server=server, caller=ANN)
    assert find_place(name, "b.txt", server=server, caller=ANN).path == "b.txt"


def test_copies_made_at_the_same_time_get_names_of_their_own(
    server: ContentsServer, contents: ContentsDouble
) -> None:
    draft = draft_of("a.txt", b"x")
    with ThreadPoolExecutor(4) as pool:
        tasks = [
            pool.submit(save, draft, "", server=server, caller=ANN) for _ in range(12)
        ]
    assert len({task.result().path for task in tasks}) == 12
    assert len(contents.files) == 12


@pytest.mark.parametrize(
    ("ui", "path", "format_", "url"),
    [
        ("lab", "s/a b.ipynb", "json", "/u/lab/tree/s/a%20b.ipynb"),
        ("lab", "a.bin", "base64", "/u/lab/tree/a.bin"),
        ("notebook", "a%.ipynb", "json", "/u/notebooks/a%25.ipynb"),
        ("notebook", "a?#.txt", "text", "/u/edit/a%3F%23.txt"),
        ("notebook", "ü.png", "base64", "/u/files/%C3%BC.png"),
        ("nbclassic", "a.ipynb", "json", "/u/nbclassic/notebooks/a.ipynb"),
        ("nbclassic", "a.txt", "text", "/u/nbclassic/edit/a.txt"),
        ("another", "a.ipynb", "json", "/u/notebooks/a.ipynb"),
    ],
)
def test_each_front_end_opens_the_copy_at_its_own_address(
    ui: str, path: str, format_: str, url: str
) -> None:
    saved = Saved({"path": path}, format_)
    assert opening_url(saved, base_url="/u/", ui=ui) == url
