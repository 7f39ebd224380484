"""People: who a request is from, and the folders that are theirs.

A name becomes one part of a key. Lower case letters, digits, and ``-``, ``_``, ``.``
and ``@`` stay as they are, except for ``.`` and ``@`` at the start; the bytes of every
other character are ``=XX``. So two names never have one folder, no name is ``..`` or
``.bookstore``, and none is the folder of a group, which begins with ``@``.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import Enum

#: The folders of groups begin with it, and no folder of a person does.
GROUP_MARK = "@"
#: The bytes of a folder's name that are readable if the whole is longer than `MOST`.
READABLE, MOST = 100, 160

_ODD = re.compile(r"^[.@]|[^a-z0-9_.@-]")


class Kind(Enum):
    """The kinds of callers."""

    BROWSER = "a person's browser"
    TOKEN = "a person's server or program"  # noqa: S105  # a kind, with a token
    SERVICE = "another service"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Person:
    """Who a request is from. `groups` are the names of their groups."""

    name: str = ""
    groups: frozenset[str] = frozenset()
    admin: bool = False
    kind: Kind = Kind.NOBODY

    @property
    def is_known(self) -> bool:
        """Whether it is known who asks."""
        return self.kind is not Kind.NOBODY and bool(self.name)

    @property
    def folder(self) -> str:
        """The part of keys that is theirs; empty if they have none, as services."""
        is_person = self.kind in (Kind.BROWSER, Kind.TOKEN)
        return folder_of(self.name) if is_person and self.name else ""


NOBODY = Person()


def folder_of(name: str) -> str:
    """Return the folder of the person with this name, which is not empty."""
    if not name:
        raise ValueError("A name is empty.")
    folder = _ODD.sub(lambda odd: _escape(odd[0]), name)
    if len(folder) <= MOST:
        return folder
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{folder[:READABLE]}=~{digest}"


def group_folder_of(name: str) -> str:
    """Return the folder of the group with this name, which is not empty."""
    return GROUP_MARK + folder_of(name)


def _escape(text: str) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return "".join(f"={byte:02X}" for byte in data)
