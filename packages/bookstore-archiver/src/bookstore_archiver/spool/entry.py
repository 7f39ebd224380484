"""News: what a save brings besides its content, to be told with its version."""

from dataclasses import dataclass

from bookstore_core.origins import Origin
from bookstore_core.spool.saves import Trailer


@dataclass(frozen=True)
class Provenance:
    """Fields of the spool's `Trailer`, where they are described.

    A save with any of them stands for something that a person did. It is sent at once
    and never left out, whatever settings thin out the saves that editors make.
    """

    restored_from: str = ""
    restored_path: str = ""
    moved_from: str = ""
    only_if_changed: bool = False

    @classmethod
    def of_restore(cls, origin: Origin | None, path: str) -> "Provenance":
        """Return the news that a save at `path` is a restore, if it is one."""
        if origin is None:
            return NO_PROVENANCE
        elsewhere = origin.path if origin.path != path else ""
        return cls(restored_from=origin.version_id, restored_path=elsewhere)


NO_PROVENANCE = Provenance()

#: Content that is about to be written over: a version unless the newest one is it.
OVERWRITTEN = Provenance(only_if_changed=True)


@dataclass(frozen=True)
class Entry:
    """A save in the spool. `claimed`: in cur/. `unsure`: the store may have it."""

    name: str
    trailer: Trailer
    claimed: bool = False
    unsure: bool = False

    @property
    def key(self) -> str:
        """Key of the version that it will be."""
        return self.trailer.key

    @property
    def has_news(self) -> bool:
        """Whether it tells something that a person did; see `News`."""
        trailer = self.trailer
        told = trailer.restored_from or trailer.moved_from
        return bool(told) or trailer.only_if_changed

    @property
    def moved_key(self) -> str:
        """Key of the notebook before it was renamed, empty where it was not."""
        trailer = self.trailer
        prefix = trailer.key.removesuffix(trailer.source_path)
        return prefix + trailer.moved_from if trailer.moved_from else ""
