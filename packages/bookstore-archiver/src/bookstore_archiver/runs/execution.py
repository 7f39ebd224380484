"""Execution: one notebook run by papermill, in a directory of its own."""

import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bookstore_archiver.runs.parameters import is_parameterized
from bookstore_archiver.runs.result import Result, read_result
from bookstore_archiver.runs.signals import Signals, Stopped
from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    InvalidRequestError,
    NoKernelError,
)
from bookstore_core.notebooks import Notebook, cells_of, write_notebook
from bookstore_core.paths import printable

#: The name of the logger of papermill, which says what it finds odd.
_LOGGER = "papermill"


@dataclass(frozen=True)
class Kernel:
    """A kernel that is installed."""

    name: str
    language: str


@dataclass(frozen=True)
class Executed:
    """A notebook after papermill; `error` is what ended it, if that was no cell.

    `signal` is the number of the signal that stopped it, else 0.
    """

    result: Result
    error: str = ""
    signal: int = 0


def check_papermill() -> None:
    """Raise ConfigurationError if papermill is not installed."""
    try:
        import papermill  # noqa: F401
    except ImportError:
        raise ConfigurationError(
            "Notebooks are run by papermill, which is not installed. Install it: pip "
            "install 'bookstore[run]'"
        ) from None


def find_kernel(notebook: Notebook, name: str = "") -> Kernel:
    """Return the kernel with this name, else the one that the notebook names.

    Raises NoKernelError, with the names of those that are there, if it is not there.
    """
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    manager = KernelSpecManager()
    specs = manager.find_kernel_specs()
    there = ", ".join(sorted(specs)) or "none"
    wanted: object = name or _member(notebook, "kernelspec").get("name")
    if not isinstance(wanted, str) or not wanted:
        raise NoKernelError(
            f"The notebook names no kernel. Name one with --kernel. There are: {there}."
        )
    try:
        # Not asked for one that is not there: some releases then warn, too.
        found = manager.get_kernel_spec(wanted) if wanted.lower() in specs else None
    except (NoSuchKernel, OSError, ValueError):
        found = None
    if found is None:
        raise NoKernelError(
            f"There is no kernel {printable(wanted)!r} here. Install it, or name one "
            f"with --kernel. There are: {there}."
        )
    return Kernel(wanted, found.language)


def _member(notebook: Notebook, name: str) -> Mapping[str, Any]:
    metadata = notebook.get("metadata")
    member = metadata.get(name) if isinstance(metadata, dict) else None
    return member if isinstance(member, dict) else {}


def execute(
    notebook: Notebook,
    parameters: Mapping[str, Any],
    kernel: Kernel,
    signals: Signals,
    *,
    progress: bool,
    report: Callable[[str], None],
) -> Executed:
    """Run a notebook; return it as far as it ran. Signals of `signals` end it.

    The kernel's working directory is empty, and is removed afterwards. `report` is
    called with what is odd. Raises BookstoreError if papermill could not begin.
    """
    if parameters and not is_parameterized(cells_of(notebook)):
        report(
            "No cell of the notebook has the tag 'parameters': the values come before "
            "all cells, which may overwrite them."
        )
    options = {"kernel_name": kernel.name, "language": kernel.language, **_encrypted()}
    with tempfile.TemporaryDirectory(
        prefix="bookstore-run-", ignore_cleanup_errors=True
    ) as top:
        source, output = Path(top, "source.ipynb"), Path(top, "output.ipynb")
        source.write_bytes(write_notebook(notebook))
        work = Path(top, "work")
        work.mkdir()
        error, signal = _run(
            signals,
            report,
            input_path=str(source),
            output_path=str(output),
            parameters=dict(parameters),
            cwd=str(work),
            progress_bar=progress,
            **options,
        )
        return Executed(_read(output, error, notebook), error, signal)


def _encrypted() -> dict[str, Any]:
    """Return papermill's options that encrypt what is sent to a kernel that can do so.

    Without them, ipykernel warns on standard error at each run.
    """
    import zmq
    from jupyter_client.manager import KernelManager
    from traitlets.config import Config

    if "transport_encryption" not in KernelManager.class_trait_names():
        return {}  # an older jupyter_client
    if not zmq.has("curve"):
        return {}
    return {"config": Config({"KernelManager": {"transport_encryption": "auto"}})}


def _run(
    signals: Signals, report: Callable[[str], None], **options: Any
) -> tuple[str, int]:
    """Run papermill; return what ended it, if not a cell, and the signal's number."""
    from papermill import execute_notebook
    from papermill.exceptions import PapermillExecutionError

    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    try:
        with _reported(report), signals:
            execute_notebook(**options)
    except PapermillExecutionError:
        return "", 0  # it is in the notebook
    except Stopped as stopped:
        return str(stopped), stopped.signal
    except Exception as error:  # the edge of what the kernel does
        logging.getLogger("bookstore").debug("papermill failed.", exc_info=True)
        return f"{type(error).__name__}: {error}".removesuffix(": "), 0
    return "", 0


def _read(output: Path, error: str, notebook: Notebook) -> Result:
    try:
        result = read_result(output.read_bytes())
    except FileNotFoundError:
        raise InvalidRequestError(f"papermill could not run it. {error}") from None
    except ValueError:
        result = Result({**notebook})  # a signal came while papermill wrote it
    if not result.was_started and not error:
        raise BookstoreError("papermill did not run it.")
    return result


@contextmanager
def _reported(report: Callable[[str], None]) -> Iterator[None]:
    """Report what papermill warns of, such as of unknown parameters."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = record.getMessage()
            if "with tag 'parameters'" not in text:  # said in our words before
                report(printable(" ".join(text.split())))

    logger, handler = logging.getLogger(_LOGGER), Handler(logging.WARNING)
    before = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.propagate = before
        logger.removeHandler(handler)
