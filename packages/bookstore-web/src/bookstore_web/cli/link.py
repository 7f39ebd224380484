"""`jupyter bookstore link`: print the link by which others open a version."""

from traitlets import Bool, Unicode

from bookstore_core.cli.notebook_verb import VersionVerb
from bookstore_core.history import History
from bookstore_core.history.shelves import find_shelf
from bookstore_core.stores import open_store
from bookstore_web.cli.addresses import address_of
from bookstore_web.sharing.clone import CloneSource


class LinkApp(VersionVerb):
    """Print the link to the page where others see and clone a version of a notebook.

    VERSION is an id, @0 for the newest (the default), @1 for the previous one and so
    on, or a label. With --newest the link always shows the newest version. With
    --shelf=published, PATH is a path on that shelf. Exit codes: 0 done, 4 there is no
    such version, 2 an invalid path or time, 3, 5 and 7 the settings or the store refuse
    it, or the store cannot be reached.
    """

    name = "jupyter-bookstore-link"
    description = __doc__
    examples = """
    jupyter bookstore link reports/june.ipynb
    jupyter bookstore link reports/june.ipynb --shelf=published --newest
    """
    words = ("PATH", "[VERSION]")
    shelf = Unicode("workspace", help="workspace or published.").tag(config=True)
    newest = Bool(False, help="A link that always shows the newest.").tag(config=True)
    flags = {  # noqa: RUF012
        **VersionVerb.flags,
        "newest": (
            {"LinkApp": {"newest": True}},
            "Print a link that always shows the newest version.",
        ),
    }
    aliases = {**VersionVerb.aliases, "shelf": "LinkApp.shelf"}  # noqa: RUF012

    def run(self) -> int:
        shelf, settings = find_shelf(self.shelf), self.settings()
        shelf.check(settings)
        name = self.extra_args[0]
        path = self.path(name) if shelf.name == "workspace" else name
        history = History(open_store(settings), settings, shelf=shelf)
        version = self.chosen(history, path, *self.extra_args[1:]).version
        exact = CloneSource(version.bucket, version.key, version.version_id)
        newest = CloneSource(version.bucket, version.key)
        url = address_of(exact, settings, self.print_note)
        newest_url = address_of(newest, settings, lambda _: None)
        record = {"url": url, "newest_url": newest_url}
        self.show(record, [newest_url if self.newest else url])
        return 0
