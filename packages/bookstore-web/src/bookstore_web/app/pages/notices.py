"""Notices of what was just done, from the query of the page a form redirects to.

Anybody can write such a query. A notice therefore shows only fixed sentences and
checked values, and undoing something needs a form, as any change does.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bookstore_core.errors import InvalidRequestError
from bookstore_core.paths import check_path
from bookstore_web.app.pages.links import Crumb, Shelved

DIGEST = re.compile(r"[0-9a-f]{64}")
RELOAD = "If it is open in Jupyter, reload it there."


@dataclass(frozen=True)
class Notice:
    """A sentence, links that follow it, and the fields of the form that undoes it."""

    sentence: str
    links: tuple[Crumb, ...] = ()
    undo: Mapping[str, str] = field(default_factory=dict)


def notice_of(here: Shelved, query: Mapping[str, str]) -> Notice | None:
    """Return the notice that the query of a page asks for, if any."""
    make = NOTICES.get(query.get("done", ""))
    return make(here, query) if make else None


def _restored(here: Shelved, query: Mapping[str, str]) -> Notice:
    sentence = f"{here.name} is restored; its previous content is kept. {RELOAD}"
    return Notice(sentence, (_opening(here),), _undo(here, query))


def _made(here: Shelved, query: Mapping[str, str]) -> Notice:
    return Notice(f"{here.name} was created again.", (_opening(here),))


def _undone(here: Shelved, query: Mapping[str, str]) -> Notice:
    sentence = f"Undone: {here.name} has its previous content again. {RELOAD}"
    return Notice(sentence, (_opening(here),), _undo(here, query))


def _copied(here: Shelved, query: Mapping[str, str]) -> Notice | None:
    try:
        copy = here.elsewhere(check_path(query.get("copy", "")))
    except InvalidRequestError:
        return None
    return Notice(f"A copy is at {copy.path}.", (_opening(copy),))


def _named(here: Shelved, query: Mapping[str, str]) -> Notice:
    return Notice("The name is saved.")


def _unnamed(here: Shelved, query: Mapping[str, str]) -> Notice:
    return Notice("The name is removed. The version is kept.")


def _published(here: Shelved, query: Mapping[str, str]) -> Notice:
    return Notice("Published. You can share the link below.")


def _unpublished(here: Shelved, query: Mapping[str, str]) -> Notice:
    return Notice(
        f"{here.name} is unpublished. Its versions are kept; publish one of them to "
        "bring it back."
    )


def _shown_again(here: Shelved, query: Mapping[str, str]) -> Notice:
    return Notice(
        f"Your {here.name} is unpublished. The notebook that somebody else had "
        "published there is on the shelf again."
    )


def _opening(here: Shelved) -> Crumb:
    return Crumb(f"Open {here.name}", here.opening_url)


def _undo(here: Shelved, query: Mapping[str, str]) -> dict[str, str]:
    sha256 = query.get("undo", "")
    return {**here.fields, "sha256": sha256} if DIGEST.fullmatch(sha256) else {}


NOTICES: Mapping[str, Callable[[Shelved, Mapping[str, str]], Notice | None]] = {
    "restored": _restored,
    "made": _made,
    "undone": _undone,
    "copied": _copied,
    "named": _named,
    "unnamed": _unnamed,
    "published": _published,
    "unpublished": _unpublished,
    "shown-again": _shown_again,
}
