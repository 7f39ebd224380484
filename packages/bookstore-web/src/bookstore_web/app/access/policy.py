"""The rules: which keys a person may read and write. What no rule allows is denied.

- A person reads and writes their own workspace, ``workspace/NAME/``.
- A person publishes below ``published/NAME/``, and below ``published/@GROUP/`` of each
  group of theirs.
- Everybody who is known reads what is published, except below ``published/@GROUP/``:
  that is for the group, unless the setting `public_groups` names it.
- Another service reads what is published to everybody.
- An admin reads everything, and writes what any other person would.

bookstore's own records in a folder ``.bookstore`` are below the folder of the notebooks
that they are about, and the same rules hold for them.
"""

from dataclasses import dataclass

from bookstore_core.errors import ConfigurationError, ForbiddenError
from bookstore_core.paths import DELIMITER
from bookstore_core.settings import BookstoreSettings
from bookstore_web.app.access.people import (
    GROUP_MARK,
    Person,
    folder_of,
    group_folder_of,
)

#: A part of a key that is nobody's folder: the workspace of who has none.
NO_FOLDER = "="
#: It sorts after what else may follow a prefix in a key.
LAST = "\U0010fffd"


@dataclass(frozen=True)
class Readable:
    """The keys that somebody may read, as prefixes: of those that fit, the longest
    decides whether a key is `shown` or `hidden`. A key that none fits is not readable.
    """

    shown: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    def includes(self, key: str) -> bool:
        """Return whether a key may be read."""
        shown = max((len(p) for p in self.shown if key.startswith(p)), default=-1)
        hidden = max((len(p) for p in self.hidden if key.startswith(p)), default=-1)
        return shown > hidden

    def includes_all(self, prefix: str) -> bool:
        """Return whether every key that begins with `prefix` may be read."""
        return self.includes(prefix) and not any(
            known.startswith(prefix) for known in self.hidden
        )

    def within(self, prefix: str) -> tuple[str, ...]:
        """Return the prefixes to look below for readable keys that begin with `prefix`.

        They are in order, and none is within another one.
        """
        if self.includes(prefix):
            return (prefix,)
        found: list[str] = []
        for known in sorted(self.shown):
            if known.startswith(prefix) and not (found and known.startswith(found[-1])):
                found.append(known)
        return tuple(found)

    def beyond_hidden(self, key: str) -> str:
        """Return `key`, or if it is hidden, the end of what is hidden around it.

        A listing in order of keys that goes on after it leaves out nothing else.
        """
        around = [known for known in self.hidden if key.startswith(known)]
        if self.includes(key) or not around:
            return key
        hidden = max(around, key=len)
        following = [p for p in self.shown if p.startswith(hidden) and p > key]
        return min(following, default=max(key, hidden + LAST))


class Policy:
    """The rules for a store. Pure: it asks neither the store nor the hub."""

    def __init__(self, settings: BookstoreSettings) -> None:
        self.workspace = settings.workspace_prefix.strip(DELIMITER)
        self.published = settings.published_prefix.strip(DELIMITER)
        self._public = frozenset(settings.public_groups)

    def check(self) -> None:
        """Raise ConfigurationError if the rules could not distinguish the shelves."""
        first, second = f"{self.workspace}/", f"{self.published}/"
        nested = first.startswith(second) or second.startswith(first)
        if not (self.workspace and self.published) or nested:
            raise ConfigurationError(
                "A service needs BookstoreSettings.workspace_prefix and "
                "published_prefix, and neither may be empty or begin with the other."
            )

    def readable(self, person: Person) -> Readable:
        """Return what a person may read."""
        if not person.is_known:
            return Readable()
        if person.admin and person.folder:
            return Readable(("",))
        groups = self._public | (person.groups if person.folder else frozenset())
        shown = [f"{self.published}/"]
        shown += [self._group_prefix(group) for group in sorted(groups) if group]
        if person.folder:
            shown.append(f"{self.workspace_of(person)}/")
        return Readable(tuple(shown), (f"{self.published}/{GROUP_MARK}",))

    def may_read(self, person: Person, key: str) -> bool:
        """Return whether a person may read the versions of a key."""
        return is_plain(key) and self.readable(person).includes(key)

    def may_write(self, person: Person, key: str) -> bool:
        """Return whether a person may write, label and delete the versions of a key."""
        if not (person.is_known and person.folder and is_plain(key)):
            return False
        own = [f"{self.workspace_of(person)}/", f"{self.published}/{person.folder}/"]
        own += [self._group_prefix(group) for group in person.groups if group]
        return any(key.startswith(prefix) for prefix in own)

    def workspace_of(self, person: Person) -> str:
        """Return the prefix of a person's workspace, without a final slash."""
        return f"{self.workspace}/{person.folder or NO_FOLDER}"

    def shelf_folder(self, person: Person, group: str = "") -> str:
        """Return the folder of the published shelf where a person publishes.

        Raises ForbiddenError for a group that they are not in, and for who may publish
        nothing.
        """
        if group and group not in person.groups:
            raise ForbiddenError(
                f"You are not in a group {group!r}, so you cannot publish for it."
            )
        if not person.folder:
            raise ForbiddenError(
                "Only people publish, and it is not known who you are."
            )
        return group_folder_of(group) if group else folder_of(person.name)

    def _group_prefix(self, group: str) -> str:
        return f"{self.published}/{group_folder_of(group)}/"


def is_plain(key: str) -> bool:
    """Return whether a key has no empty, ``.`` or ``..`` part, nor begins with a slash.

    A store, or a proxy before it, could take another key for the same.
    """
    return not {"", ".", ".."} & set(key.rstrip(DELIMITER).split(DELIMITER))
