"""The page that compares: the default base, outputs, images, rendered cells."""

import base64
import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.stores import Label
from harness.library import PIXEL, Library, report
from harness.web_app import ContentsDouble, ServerSide

AT = datetime(2024, 5, 17, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "store")


@pytest.fixture
def save(library: Library) -> Callable[..., str]:
    """Save a notebook an hour after the last one; return the version's id."""
    hours = iter(range(100))
    return lambda content: (
        library.save("a.ipynb", AT + next(hours) * HOUR, content=content).version_id
    )


def compare(server: ServerSide, **query: str) -> Any:
    page = server.get("/bookstore/diff", query_string={"path": "a.ipynb", **query})
    assert page.status_code == 200, page.text
    return page


def test_a_first_version_is_not_offered_for_comparison_with_one_before(
    server: ServerSide, save: Callable[..., str]
) -> None:
    first = save(report(1))
    second = save(report(2))
    assert "With the version before" in compare(server, remote=second).text
    swapped = compare(server, base=second, remote=first).text
    assert "With the version before" not in swapped


def test_the_comparison_of_a_first_version_says_that_it_is_one(
    server: ServerSide, save: Callable[..., str]
) -> None:
    first = save(report(1))
    save(report(2))
    query = {"path": "a.ipynb", "remote": first}
    page = server.get("/bookstore/diff", query_string=query)
    assert page.status_code == 404
    assert "This is the first version of" in page.text
    assert "Not found" not in page.text
    (newest,) = linked(page, "remote=%400")
    assert server.get(newest).status_code == 200


def test_equal_versions_offer_no_older_one_if_there_is_none(
    server: ServerSide, save: Callable[..., str]
) -> None:
    same = report(1)
    first, second = save(same), save({**same, "nbformat_minor": 5})
    page = compare(server, base=first, remote=second).text
    assert "nearest older version" not in page


def test_a_search_does_not_offer_to_compare_the_first_version(
    server: ServerSide, library: Library
) -> None:
    for number in (0, 1):
        version = library.save("a.ipynb", AT + number * HOUR)
        label = Label(f"sent {number}")
        library.store.set_label(version.key, version.version_id, label)
    query = {"path": "a.ipynb", "q": "sent"}
    page = server.get("/bookstore/history", query_string=query)
    assert page.text.count(">Compare</a>") == 1


def with_output(output: dict[str, Any], number: int = 1) -> dict[str, Any]:
    content = report(1)
    content["cells"][1]["outputs"] = [output]
    content["cells"][1]["execution_count"] = number
    return content


def image(data: str) -> dict[str, Any]:
    return with_output(
        {
            "output_type": "display_data",
            "data": {"image/png": data, "text/plain": "<Figure>"},
            "metadata": {},
        }
    )


def printed(text: str) -> dict[str, Any]:
    return with_output({"output_type": "stream", "name": "stdout", "text": text})


def linked(page: Any, part: str) -> list[str]:
    urls = re.findall(r'(?:href|src)="([^"]*)"', page.text)
    return [html.unescape(url) for url in urls if part in html.unescape(url)]


def test_a_version_is_compared_with_the_nearest_one_that_differs(
    server: ServerSide, save: Callable[..., str]
) -> None:
    different = save(report(1))
    equal = [save(report(2)) for _ in range(4)]
    page = compare(server, remote=equal[-1])
    assert "The two are the same" not in page.text
    assert any(different in url for url in linked(page, "bookstore/view?"))


def test_versions_that_differ_only_in_when_they_were_run_are_passed_over(
    server: ServerSide, save: Callable[..., str]
) -> None:
    save(printed("one"))
    for number in (2, 3):
        save(with_output({"output_type": "stream", "text": "two"}, number))
    assert "The two are the same" not in compare(server).text


def test_where_two_are_equal_the_nearest_older_that_differs_is_offered(
    server: ServerSide, save: Callable[..., str]
) -> None:
    first = save(report(1))
    second, third = save(report(2)), save(report(2))
    page = compare(server, base=second, remote=third)
    assert "Their files are equal byte for byte." in page.text
    (offer,) = re.findall(r'<a href="([^"]*)">Compare with the nearest', page.text)
    page = server.follow(html.unescape(offer))
    assert any(first in url for url in linked(page, "bookstore/view?"))


def test_a_notebook_that_never_changed_has_nothing_to_offer(
    server: ServerSide, save: Callable[..., str]
) -> None:
    save(report(1)), save(report(1))
    page = compare(server)
    assert "The two are the same." in page.text
    assert "No older version differs." in page.text


def test_outputs_that_changed_are_open_and_texts_are_compared_by_lines(
    server: ServerSide, save: Callable[..., str]
) -> None:
    save(printed("Total: 1\nrows: 7\n")), save(printed("Total: 2\nrows: 7\n"))
    page = compare(server)
    assert '<details class="outputs" open>' in page.text
    assert "<del>1</del>" in page.text
    assert "<ins>2</ins>" in page.text
    # Text needs no frame, and what identifies it is folded.
    frames = linked(page, "view/content")
    assert not any(url.endswith("cell=1") for url in frames)
    assert page.text.index("digest") > page.text.index('<details class="types">')


def test_images_that_changed_are_side_by_side(
    server: ServerSide, save: Callable[..., str]
) -> None:
    other = base64.b64encode(b"another image").decode()
    ids = save(image(PIXEL)), save(image(other))
    images = linked(compare(server), "bookstore/diff/image")
    assert len(images) == 2
    for url, version_id, data in zip(images, ids, (PIXEL, other), strict=True):
        assert version_id in url
        answer = server.follow(url)
        assert answer.data == base64.b64decode(data)
        assert answer.mimetype == "image/png"
        assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_an_image_of_the_current_file_is_compared_too(
    server: ServerSide, save: Callable[..., str], contents: ContentsDouble
) -> None:
    save(image(PIXEL))
    other = base64.b64encode(b"another image").decode()
    model = {"type": "notebook", "format": "json", "content": image(other)}
    contents.files["a.ipynb"] = model
    images = linked(compare(server, base="@0", remote="file"), "diff/image")
    assert server.follow(images[1]).data == b"another image"


def test_an_svg_is_served_so_that_nothing_in_it_runs(
    server: ServerSide, save: Callable[..., str]
) -> None:
    svg = {"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'/>"}
    output = {"output_type": "display_data", "data": svg, "metadata": {}}
    version = save(with_output(output))
    query = {"path": "a.ipynb", "version_id": version, "cell": "1", "output": "0"}
    answer = server.get("/bookstore/diff/image", query_string=query)
    assert answer.mimetype == "image/svg+xml"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox")


@pytest.mark.parametrize(
    ("cell", "output", "status"),
    [
        ("0", "0", 404),
        ("1", "1", 404),
        ("99", "0", 404),
        ("x", "0", 400),
        ("", "", 400),
    ],
)
def test_an_image_that_is_not_there_is_reported(
    server: ServerSide, save: Callable[..., str], cell: str, output: str, status: int
) -> None:
    version = save(image("not base64!"))
    query = {"path": "a.ipynb", "version_id": version, "cell": cell, "output": output}
    answer = server.get("/bookstore/diff/image", query_string=query)
    assert answer.status_code == status


def test_markdown_can_be_seen_rendered_and_unchanged_cells_opened(
    server: ServerSide, save: Callable[..., str]
) -> None:
    before, after = report(1), report(1)
    after["cells"][0]["source"] = "# Another heading"
    ids = save(before), save(after)
    page = compare(server)
    frames = linked(page, "view/content")
    assert [url.rpartition("=")[2] for url in frames] == ["0", "0", "1", "2", "3", "4"]
    assert [ids[0] in url for url in frames[:2]] == [True, False]
    assert server.follow(frames[3]).status_code == 200


def test_a_table_is_compared_by_its_text_and_shown_on_both_sides(
    server: ServerSide, save: Callable[..., str]
) -> None:
    for number in (1, 2):
        data = {"text/html": f"<b>{number}</b>", "text/plain": f"total {number}"}
        save(
            with_output(
                {
                    "output_type": "execute_result",
                    "data": data,
                    "metadata": {},
                    "execution_count": 1,
                }
            )
        )
    page = compare(server)
    assert "<ins>2</ins>" in page.text
    assert [url[-6:] for url in linked(page, "view/content")[:4]].count("cell=1") == 2


def test_two_times_that_read_the_same_are_told_apart_by_their_seconds(
    server: ServerSide, library: Library
) -> None:
    for second in (1, 2):
        library.save(
            "a.ipynb", AT + timedelta(seconds=second), content=printed(str(second))
        )
    page = compare(server).text
    assert "Friday, 17 May 2024, 09:30:01 UTC</time>" in page
    assert "Friday, 17 May 2024, 09:30:02 UTC</time>" in page
