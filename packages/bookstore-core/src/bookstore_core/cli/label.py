"""`jupyter bookstore label`: label a version, or remove its label."""

from dataclasses import replace

from traitlets import Bool, Unicode

from bookstore_core.authors import author
from bookstore_core.cli.notebook_verb import VersionVerb
from bookstore_core.errors import InvalidRequestError
from bookstore_core.history import History
from bookstore_core.history.records import record_of
from bookstore_core.paths import printable
from bookstore_core.stores import Label, open_store, utc_now


class LabelApp(VersionVerb):
    """Label a version of a notebook; a new label replaces the old one.

    VERSION is an id, @0 for the newest, @1 for the previous one and so on, or a label;
    omit it with --at. Omit NAME with --remove, which removes the label. Exit codes: 0
    done, 2 an invalid name, 4 there is no such version, 6 another version has that
    label, 3, 5 and 7 the settings or the store refuse it, or the store cannot be
    reached.
    """

    name = "jupyter-bookstore-label"
    description = __doc__
    writes = True
    examples = """
    jupyter bookstore label report.ipynb @0 "before refactor" --comment="It works."
    jupyter bookstore label report.ipynb --at="yesterday 15:00" "as sent"
    jupyter bookstore label report.ipynb "before refactor" --remove
    """
    words = ("PATH", "[VERSION]", "[NAME]")
    comment = Unicode("", help="A comment, up to 500 characters.").tag(config=True)
    remove = Bool(False, help="Remove the label of the version.").tag(config=True)
    flags = {  # noqa: RUF012
        **VersionVerb.flags,
        "remove": ({"LabelApp": {"remove": True}}, "Remove the label of the version."),
    }
    aliases = {  # noqa: RUF012
        **VersionVerb.aliases,
        "comment": "LabelApp.comment",
    }

    def run(self) -> int:
        version, name = self._words()
        path = self.path(self.extra_args[0])
        settings = self.settings()
        store = open_store(settings)
        row = self.chosen(History(store, settings), path, version)
        label = None
        if not self.remove:
            label = Label(name, self.comment, author(), utc_now())
        store.set_label(row.version.key, row.version.version_id, label)
        labels = store.labels(row.version.key, only=[row.version.version_id])
        row = replace(row, label=labels.get(row.version.version_id))
        which = f"Version {row.version.version_id} of {printable(row.path)}"
        done = f"has the label {printable(name.strip())!r}" if name else "has no label"
        self.show(record_of(row).as_json(), [f"{which} now {done}."])
        return 0

    def _words(self) -> tuple[str, str]:
        """Return VERSION and NAME; each is empty if omitted."""
        given = self.extra_args[1:]
        wanted = int(self.at is None) + int(not self.remove)
        if len(given) != wanted or (self.remove and self.comment):
            raise InvalidRequestError(
                "Usage: jupyter bookstore label PATH VERSION NAME, or label PATH "
                "VERSION --remove. --at=TIME replaces VERSION."
            )
        version = given.pop(0) if self.at is None else ""
        return version, "" if self.remove else given.pop(0)
