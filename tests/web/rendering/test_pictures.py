"""The picture of a notebook: its first real image, or a drawing of its first lines."""

import base64
import json
import struct
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from bookstore_web.rendering.pictures import MOST_BYTES, look_at, picture_of


def png(width: int = 400, height: int = 300, *, size: int = 0) -> bytes:
    header = struct.pack(">II", width, height)
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + header + b"\x08\2\0\0\0" + bytes(size)


GIF = b"GIF89a" + struct.pack("<HH", 40, 50) + bytes(10)
JPEG = b"\xff\xd8\xff\xe0\0\4ab\xff\xc0\0\x11\x08" + struct.pack(">HH", 60, 70) + b"xx"
WEBP = {
    "VP8X": b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\x63\0\0\x31\0\0",
    "VP8L": b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", 99 | 49 << 14),
    "VP8 ": b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + struct.pack("<HH", 100, 50),
}


def notebook(
    *images: Any, source: str = "# Sales\n\nAll of them.", **more: Any
) -> bytes:
    outputs = [{"output_type": "display_data", "data": data} for data in images]
    prose = {"cell_type": "markdown", "source": source, **more}
    cells = [prose, {"cell_type": "code", "source": "plot()", "outputs": outputs}]
    return json.dumps({"nbformat": 4, "cells": cells}).encode()


def encoded(data: bytes) -> str:
    return base64.encodebytes(data).decode()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png(), ("image/png", 400, 300)),
        (GIF, ("image/gif", 40, 50)),
        (JPEG, ("image/jpeg", 70, 60)),
        *((data, ("image/webp", 100, 50)) for data in WEBP.values()),
    ],
)
def test_an_image_is_known_by_its_bytes(data: bytes, expected: object) -> None:
    assert look_at(data) == expected
    # What its cell claims does not count.
    found = picture_of(notebook({"image/png": encoded(data)}), "a")
    assert (found.media_type, found.data) == (expected[0], data)  # type: ignore[index]
    for cut in range(len(data)):
        look_at(data[:cut])  # raises nothing


def test_an_attachment_is_an_image_too() -> None:
    attached = {"a b.png": {"image/png": encoded(png())}}
    assert picture_of(notebook(attachments=attached), "a").media_type == "image/png"


@pytest.mark.parametrize(
    "other",
    [
        {"image/svg+xml": "<svg onload='x()'/>"},
        {"image/png": encoded(b"<svg xmlns='http://www.w3.org/2000/svg'/>")},
        {"image/png": encoded(b"<html><script>x()</script>")},
        {"image/png": "no base64!"},
        {"image/png": "\u0661"},
        {"image/png": encoded(png(1, 1))},
        {"image/png": encoded(png(60_000, 60_000))},
        {"image/png": encoded(png(size=MOST_BYTES))},
        {"image/png": 5},
        {"image/png": ["a", 5]},
        ["not", "a", "mapping"],
        None,
    ],
)
def test_what_is_no_image_that_fits_is_passed_over(other: object) -> None:
    first = picture_of(notebook(other, {"image/png": [encoded(png())]}), "a")
    assert first.media_type == "image/png"
    alone = picture_of(notebook(other), "a")
    assert alone.media_type == "image/svg+xml"
    assert "script" not in alone.data.decode()


def texts(drawing: bytes) -> list[str]:
    nodes = ET.fromstring(drawing)  # noqa: S314  # our own
    return [node.text or "" for node in nodes if node.tag.endswith("text")]


def test_without_an_image_the_first_lines_are_drawn() -> None:
    drawn = picture_of(
        notebook(source="## Sales &lt;b>&\n\nAll\x00 \ud800of\uffff"), "a"
    )
    assert texts(drawn.data) == ["Sales <b>&", "All   of ", "plot()"]


def test_lines_of_markdown_are_drawn_as_readers_see_them() -> None:
    source = (
        "# **Sales** of $x^2$\n\n<script>bad()</script>\n\n<b>All</b> of [them](u)"
        " &amp; *everything that was sold* since the year before\n\n- one\n- two"
    )
    assert texts(picture_of(notebook(source=source), "a").data) == [
        "Sales of x^2",
        "All of them & everything that was sold",
        "since the year before",
        "one",
        "two",
        "plot()",
    ]


def test_lines_of_code_that_are_too_long_end_in_dots() -> None:
    content = {"nbformat": 4, "cells": [{"cell_type": "code", "source": "x" * 99}]}
    assert texts(picture_of(json.dumps(content).encode(), "a").data) == ["x" * 35 + "…"]


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff", b"[]", b'{"cells": 5}', b'{"cells": [1, null, {}]}']
)
def test_of_what_is_no_notebook_its_name_is_drawn(data: bytes) -> None:
    assert texts(picture_of(data, "sales <1>.ipynb").data) == ["sales <1>.ipynb"]
