"""`jupyter bookstore publish`: publish a notebook's file."""

import os

from traitlets import Unicode

from bookstore_core.authors import author
from bookstore_core.cli.notebook_verb import NotebookVerb
from bookstore_core.disk.regular import open_regular
from bookstore_core.errors import ForbiddenError, InvalidRequestError, NotFoundError
from bookstore_core.notebooks import check_size
from bookstore_core.paths import printable
from bookstore_core.stores import open_store
from bookstore_web.cli.addresses import address_of
from bookstore_web.sharing.features import check_feature
from bookstore_web.sharing.publish import publication_of_version, publish


class PublishApp(NotebookVerb):
    """Publish a notebook as its file is now, and print the link that opens it.

    It goes to the same path on the published shelf, or to that of --to. Publishing
    again makes another version. Exit codes: 0 done, 2 it is not a valid notebook, or
    the path, the title or the note is not valid, 4 there is no such file, or publishing
    is off, 3, 5 and 7 the settings or the store refuse it, or the store cannot be
    reached.
    """

    name = "jupyter-bookstore-publish"
    description = __doc__
    writes = True
    examples = """
    jupyter bookstore publish reports/june.ipynb
    jupyter bookstore publish draft.ipynb --to=june.ipynb --title="Sales in June"
    """
    words = ("PATH",)
    to = Unicode("", help="Its path on the published shelf, if another.").tag(
        config=True
    )
    title = Unicode("", help="A title for its readers, in one line.").tag(config=True)
    note = Unicode("", help="What they should know about it.").tag(config=True)
    aliases = {  # noqa: RUF012
        **NotebookVerb.aliases,
        "to": "PublishApp.to",
        "title": "PublishApp.title",
        "note": "PublishApp.note",
    }

    def run(self) -> int:
        name = self.extra_args[0]
        path, settings = self.path(name), self.settings()
        check_feature("publish_valid", settings)
        data = _read(name, settings.max_notebook_size)
        written = {"title": self.title, "note": self.note}
        found = publication_of_version(
            self.to or path, data, written, settings=settings
        )
        done = publish(found, store=open_store(settings), author=author())
        url = address_of(done, settings, self.print_note)
        record = {
            "s3_path": done.display_path,
            "versionID": done.version_id,
            "url": url,
        }
        said = f"Published {printable(path)} as {printable(done.display_path)}."
        self.show(record, [said, url])
        return 0


def _read(name: str, limit: int) -> bytes:
    """Return the content of a notebook's file, which may be reached by a link."""
    try:
        with open(open_regular(os.path.realpath(name)), "rb") as file:
            data = file.read(limit + 1)
    except PermissionError:
        raise ForbiddenError(f"There is no permission to read {name}.") from None
    except OSError:
        if os.path.exists(name):
            raise InvalidRequestError(f"{name} is not a regular file.") from None
        raise NotFoundError(f"There is no file {name}.") from None
    check_size(name, len(data), limit)
    return data
