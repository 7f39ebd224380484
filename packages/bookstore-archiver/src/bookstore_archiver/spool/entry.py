"""Entries of the spool, and what a save brings besides its content."""

from dataclasses import asdict, dataclass
from typing import Any

from bookstore_core.origins import Origin
from bookstore_core.spool.saves import Trailer


@dataclass(frozen=True)
class Provenance:
    """Fields of `VersionMetadata` and of the spool's `Trailer`, described there.

    A save with any of them stands for something that a person did. It is sent at once
    and never left out, whatever settings thin out the saves that editors make.
    """

    restored_from: str = ""
    restored_path: str = ""
    moved_from: str = ""
    only_if_changed: bool = False

    @property
    def metadata(self) -> dict[str, Any]:
        """The fields of `VersionMetadata`."""
        values = asdict(self)
        del values["only_if_changed"]
        return values

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
    def has_provenance(self) -> bool:
        """Whether it stands for something that a person did; see `Provenance`."""
        known = self.trailer.metadata
        by_person = known.restored_from or known.moved_from
        return bool(by_person) or self.trailer.only_if_changed

    @property
    def moved_key(self) -> str:
        """Key of the notebook before it was renamed, empty where it was not."""
        known = self.trailer.metadata
        prefix = self.key.removesuffix(known.source_path)
        return prefix + known.moved_from if known.moved_from else ""
