"""Metadata compared: which keys differ, with values cut short."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from bookstore_core.cells import shown, write_json

#: Levels of keys that are compared; a difference further down is one change.
DEPTH = 4
MAX_CHANGES = 100
#: Characters of a value that are shown.
VALUE = 80
#: Keys that servers and front ends write at each run or save; they are ignored.
NOISE = frozenset({"trusted", "execution", "ExecuteTime"})
#: Members of papermill's that say when a notebook or a cell was run; they are, too.
TIMES = frozenset({"duration", "end_time", "start_time"})

_NOTHING = object()


@dataclass(frozen=True)
class KeyChange:
    """One key that differs. `path` joins keys with a slash; values are JSON, cut short.

    The value is empty on the side that does not have the key.
    """

    path: str
    kind: Literal["added", "removed", "changed"]
    base: str = ""
    remote: str = ""


def diff_metadata(base: object, remote: object) -> tuple[KeyChange, ...]:
    """Return the keys that differ between two metadata objects, in order."""
    if base == remote:
        return ()
    return tuple(islice(_changes(_quiet(base), _quiet(remote), ()), MAX_CHANGES))


def _quiet(metadata: object) -> dict[str, Any]:
    if not isinstance(metadata, dict):
        return {}
    quiet = {name: value for name, value in metadata.items() if name not in NOISE}
    if isinstance(known := quiet.get("papermill"), dict):
        quiet["papermill"] = {n: v for n, v in known.items() if n not in TIMES}
    return quiet


def _changes(
    base: Mapping[str, Any], remote: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[KeyChange]:
    for name in sorted(base.keys() | remote.keys()):
        left, right = base.get(name, _NOTHING), remote.get(name, _NOTHING)
        here = (*path, name)
        if left == right:
            continue
        if isinstance(left, dict) and isinstance(right, dict) and len(here) < DEPTH:
            yield from _changes(left, right, here)
        else:
            yield _change("/".join(here), left, right)


def _change(path: str, left: object, right: object) -> KeyChange:
    path = shown(path if len(path) <= 200 else path[:200] + "…")
    if left is _NOTHING:
        return KeyChange(path, "added", remote=_short(right))
    if right is _NOTHING:
        return KeyChange(path, "removed", base=_short(left))
    return KeyChange(path, "changed", base=_short(left), remote=_short(right))


def _short(value: object) -> str:
    if isinstance(value, str):
        value = value[: VALUE + 1]
    text = write_json(value)
    return shown(text if len(text) <= VALUE else text[:VALUE] + "…")
