"""Lines of Jupyter config files, for servers under test."""

from typing import Any

#: Extensions that the environments enable by default, and a test may not want.
OFF = {
    "jpserver_extensions": (
        "bookstore_archiver",
        "bookstore_web",
        "jupyterlab_jupytext",
        "jupyter_server_ydoc",
    ),
    "nbserver_extensions": (
        "bookstore_archiver",
        "bookstore_web",
        "jupyterlab_jupytext",
    ),
}


def settings_lines(**traits: Any) -> str:
    """Return lines that set traits of BookstoreSettings."""
    return "".join(
        f"c.BookstoreSettings.{name} = {value!r}\n" for name, value in traits.items()
    )


def extension_lines(*enabled: str) -> str:
    """Return lines that enable these extensions and disable the others in `OFF`."""
    modern = {name: name in enabled for name in OFF["jpserver_extensions"]}
    classic = {name: name in enabled for name in OFF["nbserver_extensions"]}
    return (
        f"c.ServerApp.jpserver_extensions = {modern!r}\n"
        f"c.NotebookApp.nbserver_extensions = {classic!r}\n"
    )
