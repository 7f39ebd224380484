"""`jupyter bookstore clone`: write what others published to a new file."""

import os
from urllib.parse import parse_qs, urlsplit

from traitlets import Unicode

from bookstore_core.cli.command import Verb
from bookstore_core.cli.given.new_file import write_new
from bookstore_core.errors import InvalidRequestError
from bookstore_core.notebooks import SUFFIX, drop_trust, parse_notebook, write_notebook
from bookstore_core.paths import printable
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import open_store
from bookstore_web.sharing.clone import CloneSource, fetch, source_of
from bookstore_web.sharing.features import check_feature


class CloneApp(Verb):
    """Write a notebook of the store to a new file, such as one that others published.

    It is named by the link of its page, by its key, such as
    published/reports/june.ipynb, or by s3://BUCKET/KEY. An existing file is not
    overwritten, and no cell is marked as trusted. Exit codes: 0 done, 2 it is not a
    link or a key, or not a valid notebook, 4 there is no such key or version, or
    cloning is off, 5 the settings do not allow the bucket, 6 the file exists, 3 and 7
    the settings cannot work, or the store cannot be reached.
    """

    name = "jupyter-bookstore-clone"
    description = __doc__
    examples = """
    jupyter bookstore clone published/reports/june.ipynb
    jupyter bookstore clone "https://hub.example.org/bookstore/clone?s3_bucket=..."
    jupyter bookstore clone s3://our-notebooks/published/june.ipynb --to=copies/
    """
    words = ("LINK|KEY",)
    to = Unicode("", help="The new file, or a folder for it; default: this one.").tag(
        config=True
    )
    aliases = {**Verb.aliases, "to": "CloneApp.to"}  # noqa: RUF012

    def run(self) -> int:
        settings = self.settings()
        check_feature("s3_clone_valid", settings)
        source = _source(self.extra_args[0], settings)
        store = open_store(settings)
        original = fetch(source, store=store, settings=settings)
        data = original.data
        if source.name.endswith(SUFFIX):
            data = write_notebook(drop_trust(parse_notebook(data)))
        name = os.path.join(self.to, source.name) if self._is_folder else self.to
        write_new(name, [data])
        record = {
            "path": name,
            "s3_path": source.display_path,
            "versionID": original.version.version_id,
        }
        said = f"Cloned {printable(source.display_path)} to {printable(name)}."
        self.show(record, [said])
        return 0

    @property
    def _is_folder(self) -> bool:
        return not self.to or self.to.endswith(os.sep) or os.path.isdir(self.to)


def _source(word: str, settings: BookstoreSettings) -> CloneSource:
    """Return what a link, an address in S3, or a key of our bucket names."""
    try:
        parts = urlsplit(word)
        fields = {name: values[0] for name, values in parse_qs(parts.query).items()}
    except ValueError:
        raise InvalidRequestError(f"{word!a} is not a link.") from None
    if word.startswith("s3://"):
        bucket, _, key = word.removeprefix("s3://").partition("/")
        return source_of({"s3_bucket": bucket, "s3_key": key}, settings)
    if "s3_key" in fields:
        return source_of(fields, settings)
    if "://" in word:
        raise InvalidRequestError(
            f"{word!a} names no notebook. Copy the link of its page, which has s3_key."
        )
    return source_of({"s3_bucket": settings.bucket, "s3_key": word}, settings)
