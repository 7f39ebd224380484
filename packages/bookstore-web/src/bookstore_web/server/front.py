"""The scripts and styles of our extensions of JupyterLab, Notebook and nbclassic.

They are loaded from here, not from Jupyter's folders of extensions, so that both kinds
of extension share them.
"""

from pathlib import Path

from tornado import web

#: The directory that is served, also to who is not logged in: it has only code.
FRONT = str(Path(__file__).parents[1] / "front")


class FrontHandler(web.StaticFileHandler):
    """Serves the files. Browsers ask each time whether a file has changed."""

    def set_extra_headers(self, path: str) -> None:
        """Set the headers for caching and against guessed types."""
        self.set_header("Cache-Control", "no-cache")
        self.set_header("X-Content-Type-Options", "nosniff")
