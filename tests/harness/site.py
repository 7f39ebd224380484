"""A notebook server with a filled store, for tests in a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page

from bookstore_core.history import History
from harness.config_files import extension_lines, settings_lines
from harness.library import FOREIGN, LONG, REPORT, Library
from harness.notebook_server import TOKEN, Generation, NotebookServer
from harness.waiting import wait_for


class Site:
    """A running server and its store; `base_url` is another for each generation."""

    def __init__(self, generation: Generation, home: Path) -> None:
        self.library = Library(home / "store")
        self.spool = home / "spool"
        config = extension_lines("bookstore_archiver", "bookstore_web")
        config += settings_lines(
            storage="local",
            local_root=str(home / "store"),
            spool_dir=str(self.spool),
        )
        base_url = "/user/ann/" if generation == "modern" else "/"
        self.server = NotebookServer(generation, home, config=config, base_url=base_url)
        self.server.may_hang = generation == "modern"

    def url(self, page: str = "", **query: str) -> str:
        """Return the address of a page."""
        address = f"{self.server.url}/bookstore/{page}"
        return f"{address}?{urlencode(query)}" if query else address

    def log_in(self, page: Page) -> None:
        """Open the home page with the token; the server then sets a login cookie."""
        page.goto(self.url(token=TOKEN))

    def history(self) -> History:
        """Return the history that the pages show."""
        return History(self.library.store, self.library.settings)

    def count(self, path: str) -> int:
        """Return how many versions a notebook has, up to a hundred."""
        key = f"workspace/{path}"
        return len(self.library.store.list_versions(key, limit=100).versions)

    def wait_for_versions(self, path: str, number: int) -> None:
        """Wait until a notebook has `number` versions, and the spool is empty."""
        wait_for(lambda: self.count(path) >= number, what=f"{number} of {path}")
        folders = (self.spool / "new", self.spool / "cur")
        wait_for(
            lambda: not any(any(folder.glob("*")) for folder in folders),
            what="an empty spool",
        )

    def put_files(self) -> None:
        """Write the newest versions to the server's root; one notebook has no file."""
        for path in (REPORT, LONG, *FOREIGN, "welcome.ipynb"):
            newest = self.history().find(path)
            _, data = self.history().read(path, newest.version.version_id)
            file = self.server.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)


@contextmanager
def open_site(generation: Generation, home: Path) -> Iterator[Site]:
    """Start a server with a filled store, and with gunicorn behind it."""
    site = Site(generation, home)
    site.library.fill()
    site.put_files()
    with site.server as server:
        assert server.request("GET", "bookstore/").ok
        # The process that compares and renders takes some time to start.
        compared = {"path": REPORT, "summary": "1"}
        assert server.request("GET", f"api/bookstore/diff?{urlencode(compared)}").ok
        yield site
