"""Scripts and styles that everybody may have, also who is not logged in: only code.

Those of our extensions of JupyterLab, Notebook and nbclassic, those of our pages, and
those that draw what is rich in a version. JupyterHub would refuse those of pages with
a login, because browsers load modules without the token that it wants.

The extensions load theirs from here, not from Jupyter's folders of extensions, so that
both kinds of extension share them.
"""

from pathlib import Path

from tornado import web

from bookstore_web.rendering.renderers import RENDERER_HEADERS, renderer_at

#: The directories of the extensions and of the pages that are served.
FRONT = str(Path(__file__).parents[1] / "front")
STATIC = str(Path(__file__).parents[1] / "app" / "static")


class FrontHandler(web.StaticFileHandler):
    """Serves the files. Browsers ask each time whether a file has changed."""

    def set_extra_headers(self, path: str) -> None:
        """Set the headers for caching and against guessed types."""
        self.set_header("Cache-Control", "no-cache")
        self.set_header("X-Content-Type-Options", "nosniff")


class RendererHandler(web.RequestHandler):
    """Serves the scripts of `rendering/renderers.py`.

    The frame that loads them has no origin, so its requests have no cookies.
    """

    def get(self, address: str) -> None:
        """Send a script."""
        found = renderer_at(address)
        if found is None:
            raise web.HTTPError(404)
        body, headers = found.body(self.request.headers.get("Accept-Encoding", ""))
        for name, value in {**RENDERER_HEADERS, **headers}.items():
            self.set_header(name, value)
        self.finish(body)
