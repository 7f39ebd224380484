"""Running `jupyter bookstore` in the test's own process."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from traitlets.config import Application

from bookstore_core.cli.command import main


@dataclass(frozen=True)
class Outcome:
    """The exit code of a command, and what it printed."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


def runner(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command with the given arguments."""

    def call(*words: str) -> Outcome:
        forget_application()
        try:
            main(list(words))
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capsys.readouterr()
        return Outcome(code, printed.out, printed.err)

    return call


def forget_application() -> None:
    """Clear the process's traitlets application, so that the next command can run."""
    if Application.initialized():
        type(Application.instance()).clear_instance()
