"""Rules: which of a notebook's versions are kept, by when they were saved.

They are those of restic's `forget`. Of each hour, day, ISO week (from Monday), month or
year that has versions, the newest one is kept, until there are as many as the rule
says; hours and days without versions do not count. A rule that is not used up also
keeps the oldest version. `within` counts from the newest version, not from now. What
one rule keeps is kept.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, tzinfo
from typing import Any

from bookstore_core.errors import InvalidRequestError
from bookstore_core.retention.durations import Duration, parse_duration

#: Larger numbers cannot be meant; -1 keeps all.
MOST = 1_000_000


@dataclass(frozen=True)
class Keep:
    """How many versions are kept; -1 for all, and an empty `within` for none."""

    last: int = 0
    hourly: int = 0
    daily: int = 0
    weekly: int = 0
    monthly: int = 0
    yearly: int = 0
    within: Duration = field(default_factory=Duration)

    def __bool__(self) -> bool:
        return any(vars(self).values())


#: The slot of a time, for each rule that counts slots.
_SLOTS: dict[str, Callable[[datetime], object]] = {
    # When clocks go back, an hour comes twice.
    "hourly": lambda time: (time.date(), time.hour, time.utcoffset()),
    "daily": lambda time: time.date(),
    "weekly": lambda time: time.isocalendar()[:2],
    "monthly": lambda time: (time.year, time.month),
    "yearly": lambda time: time.year,
}


def reasons_to_keep(
    times: Sequence[datetime], keep: Keep, *, now: datetime, zone: tzinfo | None = None
) -> list[tuple[str, ...]]:
    """Return for each time, newest first, the rules that keep it; none: it may go.

    Slots are those of the time zone `zone`, by default that of this machine. A time in
    the future is kept, and takes nobody's place: a clock was wrong.
    """
    local = [time.astimezone(zone) for time in times]
    reasons: list[list[str]] = [[] for _ in local]
    ahead = sum(time > now for time in local)
    past = local[ahead:]
    earliest = keep.within.before(past[0]) if keep.within and past else None
    for names in reasons[:ahead]:
        names.append("future")
    for index, time in enumerate(past):
        if keep.last == -1 or index < keep.last:
            reasons[ahead + index].append("last")
        if earliest is not None and time > earliest:
            reasons[ahead + index].append("within")
    for rule, slot_of in _SLOTS.items():
        for index in _newest_of_slots(past, slot_of, getattr(keep, rule)):
            reasons[ahead + index].append(rule)
    return [tuple(names) for names in reasons]


def _newest_of_slots(
    times: Sequence[datetime], slot_of: Callable[[datetime], object], count: int
) -> list[int]:
    chosen: list[int] = []
    last: object = None
    for index, time in enumerate(times):
        if len(chosen) == count:
            break
        slot = slot_of(time)
        if slot != last or index == len(times) - 1:
            chosen.append(index)
            last = slot
    return chosen


def keep_of(values: Mapping[str, Any]) -> Keep:
    """Return the rules in a mapping such as ``{"last": 10, "within": "30d"}``.

    Raises InvalidRequestError for an unknown name or a value that is none.
    """
    known = [known.name for known in fields(Keep)]
    for name, value in values.items():
        if name not in known:
            raise InvalidRequestError(
                f"There is no rule {name!a}. Use one of: {', '.join(known)}."
            )
        if name == "within":
            if not isinstance(value, str):
                raise InvalidRequestError("'within' is a text such as '30d'.")
        elif type(value) is not int or not -1 <= value <= MOST:
            raise InvalidRequestError(
                f"{name!a} is a number of versions from 0 on, or -1 for all, not "
                f"{value!a}."
            )
    numbers = {name: value for name, value in values.items() if name != "within"}
    within = values.get("within", "")
    return Keep(**numbers, within=parse_duration(within) if within else Duration())
