"""Entry, a save in the spool, and Provenance, which says how its content came about."""

from dataclasses import dataclass, replace
from typing import Any

from bookstore_core.origins import Origin
from bookstore_core.runs.run import Run
from bookstore_core.spool.saves import Trailer


@dataclass(frozen=True)
class Provenance:
    """Fields of `VersionMetadata` and of the spool's `Trailer`, described there.

    A save with any of them was made by an action of a person, or is a run. It is sent
    at once and is never skipped by `min_interval` or `skip_unchanged`.
    """

    restored_from: str = ""
    restored_path: str = ""
    moved_from: str = ""
    run: Run | None = None
    only_if_changed: bool = False

    @property
    def metadata(self) -> dict[str, Any]:
        """The fields of `VersionMetadata`."""
        return {n: v for n, v in vars(self).items() if n != "only_if_changed"}

    @classmethod
    def of_restore(cls, origin: Origin | None, path: str) -> "Provenance":
        """Return the provenance of a save at `path` that was restored from `origin`."""
        if origin is None:
            return NO_PROVENANCE
        elsewhere = origin.path if origin.path != path else ""
        return cls(restored_from=origin.version_id, restored_path=elsewhere)


NO_PROVENANCE = Provenance()

#: Content that is about to be overwritten: a version unless the newest one equals it.
OVERWRITTEN = Provenance(only_if_changed=True)


@dataclass(frozen=True)
class Entry:
    """A save in the spool; `claimed` if in cur/, `unsure` if the store may have it."""

    name: str
    trailer: Trailer
    claimed: bool = False
    unsure: bool = False

    def with_sha256(self, sha256: str) -> "Entry":
        """Return the same save, with the sha256 of its bytes."""
        if self.trailer.metadata.sha256 == sha256:
            return self
        metadata = replace(self.trailer.metadata, sha256=sha256)
        return replace(self, trailer=replace(self.trailer, metadata=metadata))

    @property
    def key(self) -> str:
        """Key of the version that it will become."""
        return self.trailer.key

    @property
    def has_provenance(self) -> bool:
        """Whether it was made by an action of a person; see `Provenance`."""
        known = self.trailer.metadata
        by_person = known.restored_from or known.moved_from or known.run
        return bool(by_person) or self.trailer.only_if_changed

    @property
    def moved_key(self) -> str:
        """Key of the notebook before it was renamed; empty if it was not."""
        known = self.trailer.metadata
        prefix = self.key.removesuffix(known.source_path)
        return prefix + known.moved_from if known.moved_from else ""
