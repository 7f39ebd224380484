"""`jupyter bookstore prune`: remove old versions by rules, as restic's `forget`."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from traitlets import Bool, Integer, Unicode

from bookstore_core.cli.notebook_verb import NotebookVerb
from bookstore_core.clock import utc_now
from bookstore_core.errors import InvalidRequestError
from bookstore_core.history import WORKSPACE
from bookstore_core.humanize import say_count, say_size
from bookstore_core.paths import printable
from bookstore_core.retention.durations import parse_duration
from bookstore_core.retention.rules import Keep, keep_of
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore, open_store
from bookstore_core.stores.versions import Removal
from bookstore_core.upkeep.prune import Plan, Pruner

NO_RULES = (
    "No rule says what to keep. Give one, such as --keep-last=10 or --keep-daily=30, "
    "or set BookstoreSettings.prune_keep."
)

YES = "Remove the versions. Without it, what would be removed is printed."
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

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "path": self.path,
            "versions": self.plan.count,
            "removed": list(self.removal.removed),
            "locked": dict(self.removal.locked),
            "bytes": self.removal.freed,
        }


class PruneApp(NotebookVerb):
    """Remove old versions of a notebook, or of all, except for those to be kept.

    Says what would be removed; with --yes it is removed for good. Rules are those of
    restic's `forget`: of each hour, day, week (from Monday), month or year that has
    versions, in this machine's time zone, the newest is kept; --keep-within counts from
    the notebook's newest version. Always kept: the newest, labelled and published
    versions, those that others were restored from, the first after a rename and the
    last before it, and those of the last day (--min-age). Exit codes: 0 done, 2 no
    rules, or not valid ones, 4 the notebook has no versions, 3, 5 and 7 the settings or
    the store refuse it, or the store cannot be reached.
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
        "dry-run": ({"PruneApp": {"yes": False}}, "Remove nothing (the default)."),
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
        keep = self._rules(settings)
        store = open_store(settings)
        _require_right(store, settings)
        pruner = Pruner(
            store,
            settings,
            keep,
            min_age=parse_duration(self.min_age),
            now=utc_now(),
        )
        if self.everything:
            plans = pruner.plans(pruner.keys())
        else:
            path = self.path(self.extra_args[0])
            self.history().locate(path)
            plans = pruner.plans([WORKSPACE.key(settings, path)])
        pruned = [
            Pruned(
                WORKSPACE.path(settings, plan.key),
                plan,
                pruner.carry_out(plan, dry_run=not self.yes),
            )
            for plan in plans
        ]
        self.show(self._value(pruned), self._lines(pruned))
        return 0

    def _rules(self, settings: BookstoreSettings) -> Keep:
        given = {known.name: getattr(self, known.name) for known in fields(Keep)}
        given = {name: value for name, value in given.items() if value is not None}
        keep = keep_of(given or settings.prune_keep)
        if not keep:
            raise InvalidRequestError(NO_RULES)
        return keep

    def _value(self, pruned: list[Pruned]) -> dict[str, Any]:
        return {
            "dry_run": not self.yes,
            "removed": sum(len(known.removal.removed) for known in pruned),
            "locked": sum(len(known.removal.locked) for known in pruned),
            "bytes": sum(known.removal.freed for known in pruned),
            "notebooks": [
                known.as_json()
                for known in pruned
                if known.removal.removed or known.removal.locked
            ],
        }

    def _lines(self, pruned: list[Pruned]) -> Iterator[str]:
        total = self._value(pruned)
        for known in pruned:
            removal = known.removal
            if not removal.removed and not removal.locked:
                continue
            count = f"{len(removal.removed)} of {known.plan.count}"
            yield printable(f"{count:>14}  {say_size(removal.freed):>9}  {known.path}")
            for version_id, reason in removal.locked.items():
                yield printable(f"    kept {version_id}: {reason}")
        versions = say_count(total["removed"], "version")
        notebooks = say_count(
            sum(bool(known.removal.removed) for known in pruned), "notebook"
        )
        size = say_size(total["bytes"])
        if self.yes:
            yield f"Removed {versions} of {notebooks}: {size}."
        else:
            yield f"Would remove {versions} of {notebooks}: {size}. --yes does it."


def _require_right(store: VersionStore, settings: BookstoreSettings) -> None:
    """Raise ForbiddenError, before any work, for a store that cannot be pruned."""
    store.remove_versions(WORKSPACE.prefix(settings), (), dry_run=True)
