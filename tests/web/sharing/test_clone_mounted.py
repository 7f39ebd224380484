"""Cloning from a mounted directory: only regular files inside it."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from flask.testing import FlaskClient

from bookstore_core.errors import ForbiddenError, NotFoundError, TooLargeError
from bookstore_web.sharing.clone_mounted import read_mounted
from harness.web_app import ContentsDouble, ServerSide

URL = "/api/bookstore/fs-clone"
#: The number of the user `nobody`, as in Debian.
NOBODY = 65534


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    base = tmp_path / "mounted"
    (base / "sub").mkdir(parents=True)
    (base / "sub" / "a.txt").write_bytes(b"hello")
    (tmp_path / "outside.txt").write_bytes(b"secret")
    return base


@pytest.fixture
def server(make_server_side: Callable[..., ServerSide], mounted: Path) -> ServerSide:
    return make_server_side(fs_cloning_basedir=str(mounted))


def read(mounted: Path, relpath: str, limit: int = 1000) -> bytes:
    return read_mounted(str(mounted), relpath, limit=limit).data


def test_a_file_is_cloned_and_its_model_returned(
    server: ServerSide, contents: ContentsDouble
) -> None:
    answer = server.post(URL, json={"relpath": "sub/a.txt"})
    assert answer.status_code == 200, answer.text
    assert answer.json["path"] == "a.txt"
    assert contents.files["a.txt"]["content"] == "hello"


def test_a_notebook_is_cloned_without_its_trust(
    server: ServerSide, contents: ContentsDouble, mounted: Path, notebook: Any
) -> None:
    (mounted / "a.ipynb").write_text(json.dumps(notebook))
    answer = server.post(URL, json={"relpath": "a.ipynb", "target_path": "b"})
    assert answer.json["path"] == "b.ipynb"
    cells = contents.files["b.ipynb"]["content"]["cells"]
    assert [cell["metadata"] for cell in cells] == [{}, {}]


def test_a_notebook_that_is_not_valid_is_a_422(
    server: ServerSide, mounted: Path
) -> None:
    (mounted / "a.ipynb").write_text("{}")
    assert server.post(URL, json={"relpath": "a.ipynb"}).status_code == 422


@pytest.mark.parametrize(
    "relpath",
    [
        "",
        "a\0",
        "\ud800",
        "x" * 2000,
        None,
        5,
        ["sub/a.txt"],
    ],
    ids=lambda value: repr(value)[:30],
)
def test_an_invalid_path_is_a_400(server: ServerSide, relpath: object) -> None:
    answer = server.post(URL, data=json.dumps({"relpath": relpath}))
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize(
    "relpath", ["nothing.txt", "sub", "sub/", "sub/a.txt/b", "x" * 300, "~", "*"]
)
def test_a_missing_file_or_a_folder_is_a_404(server: ServerSide, relpath: str) -> None:
    answer = server.post(URL, json={"relpath": relpath})
    assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("relpath", ["sub/../sub/a.txt", "sub//a.txt", "./sub/a.txt"])
def test_a_path_that_leads_inside_is_read_as_its_file(
    mounted: Path, relpath: str
) -> None:
    for path in (relpath, f"{mounted}/{relpath}"):
        found = read_mounted(str(mounted), path, limit=1000)
        assert (found.relpath, found.data) == ("sub/a.txt", b"hello")


@pytest.mark.parametrize(
    "relpath",
    ["/etc/passwd", "//etc/passwd", "../outside.txt", "sub/../../x", "/", ".", ".."],
)
def test_a_path_that_escapes_is_a_404(server: ServerSide, relpath: str) -> None:
    answer = server.post(URL, json={"relpath": relpath})
    assert answer.status_code == 404, answer.text
    assert "no file" in answer.json["message"]


def test_a_link_that_stays_inside_is_followed(mounted: Path) -> None:
    (mounted / "link.txt").symlink_to(mounted / "sub" / "a.txt")
    (mounted / "folder").symlink_to("sub")
    assert read(mounted, "link.txt") == b"hello"
    assert read(mounted, "folder/a.txt") == b"hello"


@pytest.mark.parametrize(
    "target", ["../outside.txt", "/etc/passwd", "..", "loop", "nothing", "/dev/null"]
)
def test_a_link_that_leads_elsewhere_is_a_404(
    server: ServerSide, mounted: Path, target: str
) -> None:
    (mounted / "loop").symlink_to(target)
    for relpath in ("loop", "loop/outside.txt"):
        assert server.post(URL, json={"relpath": relpath}).status_code == 404


def test_the_directory_itself_may_be_a_link(mounted: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(mounted)
    assert read(tmp_path / "link", "sub/a.txt") == b"hello"


def test_special_files_are_never_opened(mounted: Path, tmp_path: Path) -> None:
    os.mkfifo(mounted / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(mounted / "socket"))
        for name in ("fifo", "socket"):
            with pytest.raises(NotFoundError):
                read(mounted, name)


def test_a_file_over_the_limit_is_refused(mounted: Path) -> None:
    assert read(mounted, "sub/a.txt", 5) == b"hello"
    with pytest.raises(TooLargeError):
        read(mounted, "sub/a.txt", 4)


@pytest.mark.parametrize("changed_at", [10**12, -(10**12)])
def test_a_file_with_an_impossible_time_is_read(
    in_memory: Path, changed_at: int
) -> None:
    (in_memory / "a.txt").write_bytes(b"hello")
    os.utime(in_memory / "a.txt", (changed_at, changed_at))
    assert read(in_memory, "a.txt") == b"hello"


def test_an_unreadable_file_is_refused() -> None:
    with as_no_root(), TemporaryDirectory(dir="/tmp") as folder:
        unreadable = Path(folder, "sub", "a.txt")
        unreadable.parent.mkdir()
        unreadable.touch(mode=0)
        with pytest.raises(ForbiddenError, match=r"read sub/a\.txt"):
            read(Path(folder), "sub/a.txt")


@contextmanager
def as_no_root() -> Iterator[None]:
    """Have the rights of a user: root may read everything."""
    before = os.geteuid()
    os.seteuid(before or NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def test_files_with_odd_names_are_cloned(
    server: ServerSide, contents: ContentsDouble, mounted: Path
) -> None:
    for name in ("a b.txt", "ü#?%.txt", "..a.txt", "a\nb.txt"):
        (mounted / name).write_bytes(b"x")
        answer = server.post(URL, json={"relpath": name})
        assert answer.status_code == 200, answer.text
        assert name in contents.files


@pytest.mark.parametrize(("basedir", "status"), [("", 404), ("/no/such", 503)])
def test_without_a_directory_the_setting_is_named(
    make_server_side: Callable[..., ServerSide], basedir: str, status: int
) -> None:
    server = make_server_side(fs_cloning_basedir=basedir)
    answer = server.post(URL, json={"relpath": "a.txt"})
    assert answer.status_code == status
    assert "fs_cloning_basedir" in answer.json["message"]


def test_no_descriptor_is_left_open(mounted: Path) -> None:
    before = os.listdir("/proc/self/fd")
    for relpath in ("sub/a.txt", "sub", "nothing", "sub/nothing"):
        try:
            read(mounted, relpath)
        except NotFoundError:
            continue
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_the_page_shows_what_would_be_cloned(server: ServerSide, mounted: Path) -> None:
    page = server.get("/bookstore/fs-clone?relpath=sub/a.txt")
    assert page.status_code == 200
    assert "Clone and open" in page.text
    assert str(mounted / "sub" / "a.txt") in page.text
    assert "5 Bytes" in page.text


def test_the_pages_form_clones_and_opens(
    server: ServerSide, contents: ContentsDouble
) -> None:
    form = {"relpath": "sub/a.txt", "target_path": "b.txt"}
    answer = server.post("/bookstore/fs-clone", data=form)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/edit/b.txt"
    assert list(contents.files) == ["b.txt"]


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 400), ("?relpath=/etc/passwd", 404), ("?relpath=nothing", 404)],
)
def test_the_page_shows_what_is_wrong(
    server: ServerSide, query: str, status: int
) -> None:
    page = server.get(f"/bookstore/fs-clone{query}")
    assert page.status_code == status
    assert 'role="alert"' in page.text


def test_standalone_the_page_shows_where_to_open_it(
    make_client: Callable[..., FlaskClient], mounted: Path
) -> None:
    client = make_client(fs_cloning_basedir=str(mounted))
    page = client.get("/bookstore/fs-clone?relpath=sub/a.txt")
    assert page.status_code == 200
    assert "your own notebook server" in page.text
