"""`jupyter bookstore prune`: remove old versions by rules, as restic's `forget`."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from traitlets import Bool, Integer, Unicode

from bookstore_core.cli.command import EXIT_CODES
from bookstore_core.cli.notebook_verb import NotebookVerb
from bookstore_core.clock import utc_now
from bookstore_core.errors import ForbiddenError, InvalidRequestError
from bookstore_core.history import WORKSPACE
from bookstore_core.humanize import say_count, say_size
from bookstore_core.paths import printable
from bookstore_core.retention.durations import parse_duration
from bookstore_core.retention.rules import Keep, keep_of
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore, open_store
from bookstore_core.stores.versions import Removal
from bookstore_core.upkeep.plans import Plan
from bookstore_core.upkeep.prune import Pruner, is_published

NO_RULES = (
    "No rule says what to keep. Give one, such as --keep-last=10 or --keep-daily=30, "
    "or set BookstoreSettings.prune_keep."
)

#: The sums that programs get.
SUMS = ("removed", "locked", "refused", "gone", "bytes")

YES = "Remove the versions. Without it, what would be removed is printed."
DRY = "Remove nothing (the default), also with --yes."
ALL = "Prune every notebook of the workspace."


def _number(what: str) -> Any:
    help = f"Keep the newest version of each of the last {what}; -1 for all."
    return Integer(None, allow_none=True, min=-1, help=help).tag(config=True)


@dataclass(frozen=True)
class Pruned:
    """What was, or would be, removed of one notebook."""

    path: str
    plan: Plan
    removal: Removal

    def count(self, totals: Counter[str]) -> None:
        """Add it to sums, in which `bytes_locked` are those of locked versions."""
        removal = self.removal
        locked = [v.size for v in self.plan.going if v.version_id in removal.locked]
        totals["notebooks"] += bool(removal.removed)
        totals["removed"] += len(removal.removed)
        totals["locked"] += len(removal.locked)
        totals["refused"] += len(removal.refused)
        totals["gone"] += len(removal.gone)
        totals["bytes"] += removal.freed
        totals["bytes_locked"] += sum(locked)

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "path": self.path,
            "versions": self.plan.count,
            "removed": list(self.removal.removed),
            "locked": dict(self.removal.locked),
            "refused": dict(self.removal.refused),
            "gone": list(self.removal.gone),
            "bytes": self.removal.freed,
        }

    def lines(self) -> Iterator[str]:
        """Yield it for people: what is kept is summed up by the reason."""
        removal = self.removal
        kept = {"kept": removal.locked, "not removed": removal.refused}
        count = f"{len(removal.removed)} of {self.plan.count}"
        yield f"{count:>14}  {say_size(removal.freed):>9}  {self.path}"
        for what, reasons in kept.items():
            for reason, number in Counter(reasons.values()).items():
                yield f"    {what}: {say_count(number, 'version')}. {reason}"


class PruneApp(NotebookVerb):
    """Remove old versions of a notebook, or of all, except for those to be kept.

    Says what would be removed; with --yes it is removed for good. Rules are those of
    restic's `forget`: of each hour, day, week (from Monday), month or year that has
    versions, in this machine's time zone, the newest is kept; --keep-within counts from
    the notebook's newest version. Always kept: the newest, labelled and published
    versions, those that others were restored from, the first after a rename and the
    last before it, and those of the last day (--min-age). What the store keeps
    locked (Object Lock) stays and is listed. Exit codes: 0 done, also if some are
    locked, 2 no rules, or not valid ones, 4 the notebook has no versions, 5 the store
    refused to remove some, or all, 3 and 7 the settings are wrong, or the store cannot
    be reached.
    """

    name = "jupyter-bookstore-prune"
    description = __doc__
    examples = """
    jupyter bookstore prune report.ipynb --keep-last=10 --keep-daily=30
    jupyter bookstore prune --all --keep-within=30d --keep-monthly=-1 --yes
    """
    words = ("[PATH]",)
    writes: ClassVar[bool] = True
    yes = Bool(False, help=YES).tag(config=True)
    dry = Bool(False, help=DRY).tag(config=True)
    everything = Bool(False, help=ALL).tag(config=True)
    last = Integer(
        None, allow_none=True, min=-1, help="Keep so many of the newest; -1 for all."
    ).tag(config=True)
    hourly = _number("hours")
    daily = _number("days")
    weekly = _number("weeks")
    monthly = _number("months")
    yearly = _number("years")
    within = Unicode(
        None,
        allow_none=True,
        help="Keep what is at most so much older than the newest version: 30d, 1y2m.",
    ).tag(config=True)
    min_age = Unicode(
        "1d", help="Remove nothing that is younger than this; 0d for no limit."
    ).tag(config=True)
    flags = {  # noqa: RUF012
        **NotebookVerb.flags,
        "all": ({"PruneApp": {"everything": True}}, ALL),
        "yes": ({"PruneApp": {"yes": True}}, YES),
        "dry-run": ({"PruneApp": {"dry": True}}, DRY),
    }
    aliases = {  # noqa: RUF012
        **NotebookVerb.aliases,
        **{f"keep-{known.name}": f"PruneApp.{known.name}" for known in fields(Keep)},
        "min-age": "PruneApp.min_age",
    }

    def run(self) -> int:
        if self.everything == bool(self.extra_args):
            raise InvalidRequestError("Give either the path of a notebook or --all.")
        settings = self.settings()
        WORKSPACE.check(settings)
        totals: Counter[str] = Counter()
        done = self._pruned(settings, totals)
        value = self._value([*done], totals) if self.as_json else None
        self.show(value, self._lines(done, totals))
        return EXIT_CODES[ForbiddenError] if totals["refused"] else 0

    @property
    def _is_dry(self) -> bool:
        return self.dry or not self.yes

    def _pruned(
        self, settings: BookstoreSettings, totals: Counter[str]
    ) -> Iterator[Pruned]:
        """Prune, or only look; yield what goes or stays of each notebook."""
        keep = self._rules(settings)
        store = open_store(settings)
        _require_right(store, settings)
        age, now = parse_duration(self.min_age), utc_now()
        pruner = Pruner(store, settings, keep, min_age=age, now=now)
        only = [] if self.everything else [self._key(settings)]
        for plan, removal in pruner.prune(only, dry_run=self._is_dry):
            path = WORKSPACE.path(settings, plan.key)
            pruned = Pruned(path, plan, removal)
            pruned.count(totals)
            if removal.removed or removal.locked or removal.refused or removal.gone:
                yield pruned

    def _key(self, settings: BookstoreSettings) -> str:
        path = self.path(self.extra_args[0])
        self.history().locate(path)
        key = WORKSPACE.key(settings, path)
        if is_published(settings, key):
            raise InvalidRequestError(
                f"{path} is on the published shelf, which is never pruned."
            )
        return key

    def _rules(self, settings: BookstoreSettings) -> Keep:
        given = {known.name: getattr(self, known.name) for known in fields(Keep)}
        given = {name: value for name, value in given.items() if value is not None}
        keep = keep_of(given or settings.prune_keep)
        if not keep:
            raise InvalidRequestError(NO_RULES)
        return keep

    def _value(self, pruned: list[Pruned], totals: Counter[str]) -> dict[str, Any]:
        return {
            "dry_run": self._is_dry,
            **{name: totals[name] for name in SUMS},
            "notebooks": [known.as_json() for known in pruned],
        }

    def _lines(self, pruned: Iterator[Pruned], totals: Counter[str]) -> Iterator[str]:
        for known in pruned:
            yield from map(printable, known.lines())
        versions = say_count(totals["removed"], "version")
        notebooks = say_count(totals["notebooks"], "notebook")
        size = say_size(totals["bytes"])
        if not self._is_dry:
            yield f"Removed {versions} of {notebooks}: {size}."
        else:
            yield f"Would remove {versions} of {notebooks}: {size}. --yes does it."
        if totals["locked"]:
            locked = say_count(totals["locked"], "version")
            size = say_size(totals["bytes_locked"])
            yield f"The store keeps {locked} by Object Lock: {size}."
        if totals["gone"]:
            gone = say_count(totals["gone"], "version")
            yield f"Another prune had removed {gone} meanwhile."
        if totals["refused"]:
            refused = say_count(totals["refused"], "version")
            yield f"The store did not remove {refused}; the reasons are above."


def _require_right(store: VersionStore, settings: BookstoreSettings) -> None:
    """Raise ForbiddenError, before any work, for a store that cannot be pruned."""
    store.remove_versions(WORKSPACE.prefix(settings), (), dry_run=True)
