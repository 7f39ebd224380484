"""`jupyter bookstore show`: print a version of a notebook, or write it to a file."""

import base64
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from traitlets import Bool, Unicode

from bookstore_core.cli.given.new_file import write_new
from bookstore_core.cli.notebook_verb import VersionVerb
from bookstore_core.cli.terminal.notebook_text import Piece, pieces_of, screened
from bookstore_core.cli.terminal.tables import open_console
from bookstore_core.errors import InvalidNotebookError, TooLargeError
from bookstore_core.history import HistoryRow
from bookstore_core.history.records import record_of
from bookstore_core.paths import printable
from bookstore_core.runs.words import say_run

#: Sources over this many characters are not coloured, because that is slow.
MAX_COLOURED = 100_000


class ShowApp(VersionVerb):
    """Print a version of a notebook: formatted in a terminal, else its bytes as saved.

    VERSION is an id, @0 for the newest (the default), @1 for the previous one and so
    on, or a label. With --output, or if standard output is not a terminal, the notebook
    is written byte for byte, of any size; an existing file is not overwritten. What is
    over max_notebook_size is not printed otherwise. Exit codes: 0 done, 4
    there is no such version, 6 the file exists, 2 an invalid time or path, 3, 5 and 7
    the settings or the store refuse it, or the store cannot be reached.
    """

    name = "jupyter-bookstore-show"
    description = __doc__
    examples = """
    jupyter bookstore show report.ipynb @1
    jupyter bookstore show report.ipynb --at="2 hours ago" -o before.ipynb
    jupyter bookstore show report.ipynb "before refactor" | jq .metadata
    """
    words = ("PATH", "[VERSION]")
    output = Unicode(
        "", help="Write the notebook to this new file; - for standard output."
    ).tag(config=True)
    text = Bool(
        False, help="Print the cells even if standard output is not a terminal."
    ).tag(config=True)
    flags = {  # noqa: RUF012
        **VersionVerb.flags,
        "text": (
            {"ShowApp": {"text": True}},
            "Print the cells even if standard output is not a terminal.",
        ),
    }
    aliases = {  # noqa: RUF012
        **VersionVerb.aliases,
        "o": "ShowApp.output",
        "output": "ShowApp.output",
    }

    def run(self) -> int:
        history = self.history()
        path = self.path(self.extra_args[0])
        if self.output or not (self.as_json or self.text or sys.stdout.isatty()):
            row, opened = self.streamed(history, path, *self.extra_args[1:])
            with opened:
                self._write(row, opened.pieces())
            return 0
        try:
            row, data = self.opened(history, path, *self.extra_args[1:])
        except TooLargeError as error:
            raise TooLargeError(f"{error} Write it to a file with -o.") from None
        if self.as_json:
            self.show({**record_of(row).as_json(), **_content(data)}, ())
        else:
            _print(row, data)
        return 0

    def _write(self, row: HistoryRow, pieces: Iterator[bytes]) -> None:
        if self.output not in ("", "-"):
            write_new(self.output, pieces)
            self.print_note(f"Wrote {_title(row)} to {printable(self.output)}.")
            return
        for piece in pieces:
            sys.stdout.buffer.write(piece)


def _title(row: HistoryRow) -> str:
    label = f", {row.label.name!r}" if row.label else ""
    author = f" by {row.author}" if row.author else ""
    return printable(
        f"{row.path}, version {row.version.version_id}{label}, saved "
        f"{row.saved_at.astimezone():%Y-%m-%d %H:%M:%S}{author}{_ran(row)}"
    )


def _ran(row: HistoryRow) -> str:
    """Return what is said of a run; empty if it is none."""
    if row.run is None:
        return ""
    source = f" of {row.run.of}, version {row.run.version}" if row.run.of else ""
    return f"; a run{source}, {say_run(row.run)}"


def _content(data: bytes) -> dict[str, Any]:
    """Return the content as a JSON member: the notebook, a text, or base64."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return {"content_base64": base64.b64encode(data).decode("ascii")}
    with suppress(ValueError, RecursionError):
        return {"content": json.loads(text)}
    return {"content": text}


def _print(row: HistoryRow, data: bytes) -> None:
    print_lines = _draw if sys.stdout.isatty() else _print_plain
    try:
        pieces = pieces_of(data)
    except InvalidNotebookError as error:
        pieces = iter([_whole(data, str(error))])
    print_lines(_title(row), pieces)


def _whole(data: bytes, reason: str) -> Piece:
    """Return a content that is not a notebook as one piece."""
    heading = f"This is not a notebook: {reason}."
    try:
        return Piece(heading, screened(data.decode("utf-8")), "text")
    except UnicodeDecodeError:
        note = f"{len(data)} bytes that are not text. Write them to a file with -o."
        return Piece(heading, note, "text")


def _print_plain(title: str, pieces: Iterator[Piece]) -> None:
    print(title)
    for piece in pieces:
        print(f"\n---- {piece.heading}")
        for text in (piece.source, *map(_indent, piece.outputs)):
            if text:
                print(text)


def _draw(title: str, pieces: Iterator[Piece]) -> None:
    from rich.syntax import Syntax
    from rich.text import Text

    console = open_console()
    console.print(Text(title, style="bold"))
    for piece in pieces:
        console.print()
        console.rule(Text(piece.heading, style="cyan"), align="left", style="dim")
        if len(piece.source) > MAX_COLOURED or piece.language == "text":
            console.print(Text(piece.source))
        elif piece.source:
            console.print(
                Syntax(
                    piece.source,
                    piece.language,
                    theme="ansi_dark",
                    background_color="default",
                    word_wrap=True,
                )
            )
        for output in filter(None, piece.outputs):
            console.print(Text(_indent(output), style="dim"))


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n")) if text else ""
