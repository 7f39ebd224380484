"""`jupyter bookstore copy`: copy all versions of the store into another one."""

import sys
import time
from collections.abc import Iterator
from typing import Any

from traitlets import Bool, Unicode

from bookstore_core.cli.command import Verb
from bookstore_core.errors import BookstoreError, InvalidRequestError
from bookstore_core.humanize import say_count, say_size
from bookstore_core.paths import printable
from bookstore_core.stores import open_store
from bookstore_core.upkeep.copy import Copied, Copier
from bookstore_core.upkeep.notebooks import Source
from bookstore_core.upkeep.target import open_target

VERIFY = "Read each version back from the other store, and compare it."

#: What to do about a copy that an error has ended.
AGAIN = "{} When that is mended, run it again: what was copied is left out."

#: Seconds between two lines about what is done.
STEP = 0.2


class CopyApp(Verb):
    """Copy all versions of the store into another: s3://bucket/prefix, or a directory.

    Versions keep their times, authors, titles, notes, labels and renames; they get new
    ids, and what names another version is changed to that. What was copied before is
    left out, so it may be interrupted and repeated. The bucket must exist and be
    versioned ('jupyter bookstore init'). It is reached with the settings s3_...; for
    another one, with --to-endpoint-url and --to-region, and the variables
    BOOKSTORE_TO_ACCESS_KEY_ID, BOOKSTORE_TO_SECRET_ACCESS_KEY and
    BOOKSTORE_TO_SESSION_TOKEN. Exit codes: 0 all is copied, 1 something could not be, 2
    the command line is not valid, 3, 5 and 7 the settings or a store refuse it, or a
    store cannot be reached.
    """

    name = "jupyter-bookstore-copy"
    description = __doc__
    examples = """
    jupyter bookstore copy --to=s3://team-notebooks/ann
    jupyter bookstore copy --to=/mnt/backup/notebooks --verify
    """
    to = Unicode("", help="Where to: s3://bucket/prefix, or a directory.").tag(
        config=True
    )
    to_endpoint_url = Unicode("", help="URL of that S3 service.").tag(config=True)
    to_region = Unicode("", help="Region of that bucket.").tag(config=True)
    verify = Bool(False, help=VERIFY).tag(config=True)
    flags = {**Verb.flags, "verify": ({"CopyApp": {"verify": True}}, VERIFY)}  # noqa: RUF012
    aliases = {  # noqa: RUF012
        **Verb.aliases,
        "to": "CopyApp.to",
        "to-endpoint-url": "CopyApp.to_endpoint_url",
        "to-region": "CopyApp.to_region",
    }

    def run(self) -> int:
        if not self.to:
            raise InvalidRequestError("Say where to: --to=s3://bucket or --to=DIR.")
        settings = self.settings()
        source = Source(open_store(settings), settings)
        target = open_target(
            self.to,
            settings,
            endpoint_url=self.to_endpoint_url,
            region=self.to_region,
        )
        copier = Copier(
            source, target, verify=self.verify, progress=_Line(self.as_json).show
        )
        try:
            copied = copier.copy()
        except BookstoreError as error:
            if copier.copied.counts["versions"]:
                error.args = (f"{error} {AGAIN.format(_summary(copier.copied))}",)
            raise
        finally:
            _Line(self.as_json).clear()
        self.show(_value(copied), _lines(copied, target.store.location))
        return 1 if copied.problems else 0


class _Line:
    """One line on a terminal that says how far it is; nothing anywhere else."""

    def __init__(self, silent: bool) -> None:
        self._shown = not silent and sys.stderr.isatty()
        self._next = 0.0

    def show(self, copied: Copied) -> None:
        """Say what was done, from time to time."""
        now = time.monotonic()
        if self._shown and now >= self._next:
            self._next = now + STEP
            print(f"\r\x1b[K{_summary(copied)}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Remove the line."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _summary(copied: Copied) -> str:
    counts = copied.counts
    done = say_count(counts["versions"], "version")
    before = f", {counts['skipped']} were there" if counts["skipped"] else ""
    notebooks = say_count(copied.counts["notebooks"], "notebook")
    return f"Copied {done} of {notebooks}, {say_size(counts['bytes'])}{before}."


def _value(copied: Copied) -> dict[str, Any]:
    names = ("versions", "skipped", "absent", "deleted", "foreign", "labels", "bytes")
    return {
        "notebooks": copied.counts["notebooks"],
        **{name: copied.counts[name] for name in names},
        "problems": [
            {"where": where, "problem": problem}
            for where, problem in sorted(copied.problems.items())
        ],
    }


def _lines(copied: Copied, location: str) -> Iterator[str]:
    for where, problem in sorted(copied.problems.items()):
        yield printable(f"!!  {where}:")
        yield printable(f"      {problem}")
    if copied.counts["foreign"]:
        foreign = say_count(copied.counts["foreign"], "version")
        yield f"Left out {foreign} that bookstore did not write."
    if copied.counts["absent"]:
        absent = say_count(copied.counts["absent"], "version")
        yield (
            f"Left out {absent} before others that are there: they were removed there, "
            "or could not be copied."
        )
    yield printable(f"{_summary(copied)[:-1]} to {location}.")
