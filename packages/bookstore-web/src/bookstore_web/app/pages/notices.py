"""What a page says was just done: it is in the query of the page that a form leads to.

Anybody could write such a query, so it tells nothing that is not looked up or plain,
and what it offers to undo is asked for by a form, as any change is.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bookstore_core.errors import InvalidRequestError
from bookstore_core.paths import check_path
from bookstore_web.app.pages.links import Crumb, Shelved

DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Notice:
    """A sentence, where to go from it, and the fields of the form that undoes it."""

    sentence: str
    links: tuple[Crumb, ...] = ()
    undo: Mapping[str, str] = field(default_factory=dict)


def notice_of(here: Shelved, query: Mapping[str, str]) -> Notice | None:
    """Return what the query of a page says was done."""
    say = SAYINGS.get(query.get("done", ""))
    return say(here, query) if say else None


def _restored(here: Shelved, query: Mapping[str, str]) -> Notice:
    reload = "If it is open in Jupyter, reload it there."
    sentence = f"{here.name} is restored; what it was before is kept. {reload}"
    return Notice(sentence, (_opening(here),), _undo(here, query))


def _made(here: Shelved, query: Mapping[str, str]) -> Notice:
    return Notice(f"{here.name} is there again.", (_opening(here),))


def _undone(here: Shelved, query: Mapping[str, str]) -> Notice:
    sentence = f"Undone: {here.name} is as it was. Reload it where it is open."
    return Notice(sentence, (_opening(here),), _undo(here, query))


def _copied(here: Shelved, query: Mapping[str, str]) -> Notice | None:
    try:
        copy = here.elsewhere(check_path(query.get("copy", "")))
    except InvalidRequestError:
        return None
    return Notice(f"A copy is at {copy.path}.", (_opening(copy),))


def _named(here: Shelved, query: Mapping[str, str]) -> Notice:
    return Notice("The name is kept.")


def _unnamed(here: Shelved, query: Mapping[str, str]) -> Notice:
    return Notice("The name is removed. The version stays.")


def _published(here: Shelved, query: Mapping[str, str]) -> Notice:
    return Notice("Published. The link below is for others.")


def _opening(here: Shelved) -> Crumb:
    return Crumb(f"Open {here.name}", here.opening_url)


def _undo(here: Shelved, query: Mapping[str, str]) -> dict[str, str]:
    sha256 = query.get("undo", "")
    return {**here.fields, "sha256": sha256} if DIGEST.fullmatch(sha256) else {}


SAYINGS: Mapping[str, Callable[[Shelved, Mapping[str, str]], Notice | None]] = {
    "restored": _restored,
    "made": _made,
    "undone": _undone,
    "copied": _copied,
    "named": _named,
    "unnamed": _unnamed,
    "published": _published,
}
