"""The front end of a notebook server: Notebook, JupyterLab or nbclassic."""

from typing import Any

from bookstore_core.jupyter.running_server import is_classic


def front_end(app: Any) -> str:
    """Return the front end that opens notebooks: notebook, lab or nbclassic.

    It is that of the server's default URL, which depends on the command that started
    the server. If the default URL is "/", it is JupyterLab if installed.
    """
    if is_classic(app):
        return "notebook"
    page = f"/{app.default_url.removeprefix(app.base_url).lstrip('/')}"
    for name in ("lab", "nbclassic"):
        if page == f"/{name}" or page.startswith(f"/{name}/"):
            return name
    extensions = app.extension_manager.extensions
    if page == "/":
        if "jupyterlab" in extensions:
            return "lab"
        if "nbclassic" in extensions and "notebook" not in extensions:
            return "nbclassic"
    return "notebook"
