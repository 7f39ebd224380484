"""The keys of a client, as keys of the service's bucket, and back."""

from collections.abc import Iterable
from dataclasses import replace

from bookstore_core.errors import ForbiddenError, InvalidRequestError
from bookstore_core.history.shelves import PUBLISHED, WORKSPACE
from bookstore_core.paths import DELIMITER, s3_key
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import KeyPage, Version, VersionMetadata
from bookstore_web.app.access.people import folder_of


def person_prefix(settings: BookstoreSettings, user: str) -> str:
    """Return the prefix of a person's workspace; that of everybody's if user is empty.

    With rules, `settings` are those of the person. Raises ForbiddenError if the service
    keeps published notebooks only.
    """
    prefix = WORKSPACE.prefix(settings)
    if not prefix:
        raise ForbiddenError(
            "This service keeps published notebooks only, and takes no saves: its "
            "BookstoreSettings.workspace_prefix is empty."
        )
    if settings.has_people or not user:
        return prefix
    return s3_key(prefix, folder_of(user))


class Shelves:
    """The two shelves of a caller, by the prefixes on both sides.

    A client's `workspace` is that person's folder in the bucket. Other keys are the
    same on both sides.
    """

    def __init__(
        self, settings: BookstoreSettings, user: str, *, workspace: str, published: str
    ) -> None:
        ours = person_prefix(settings, user), PUBLISHED.prefix(settings)
        self._workspace = ours[0] + DELIMITER
        self._published = ours[1]
        pairs = list(zip((workspace, published), ours, strict=True))
        self._inward = _longest_first(pair for pair in pairs if all(pair))
        self._outward = _longest_first((b, a) for a, b in self._inward)

    def key(self, theirs: str) -> str:
        """Return the key in the bucket; raises InvalidRequestError for an odd one."""
        if {"", ".", ".."}.intersection(theirs.split(DELIMITER)):
            raise InvalidRequestError(
                f"The key {theirs!r} has an empty, '.' or '..' part. Rename the "
                "notebook, or its folder."
            )
        return _moved(theirs, self._inward)

    @property
    def roots(self) -> dict[str, str]:
        """The prefixes of the person's shelves in the bucket, by their names."""
        published = f"{self._published}{DELIMITER}" if self._published else ""
        roots = {WORKSPACE.name: self._workspace, PUBLISHED.name: published}
        return {name: root for name, root in roots.items() if root}

    def is_workspace(self, ours: str) -> bool:
        """Return whether a key of the bucket is in the person's workspace."""
        return ours.startswith(self._workspace)

    def prefix(self, theirs: str) -> str:
        """Return the prefix in the bucket of a client's one, which may be empty."""
        plain = theirs.removesuffix(DELIMITER)
        return self.key(plain) if plain else ""

    def version(self, ours: Version) -> Version:
        """Return a version with the client's keys."""
        metadata = ours.metadata and _with_source(ours.metadata, self._outward)
        return replace(ours, key=_moved(ours.key, self._outward), metadata=metadata)

    def metadata(self, theirs: VersionMetadata) -> VersionMetadata:
        """Return a client's metadata with the key in the bucket of what ran."""
        return _with_source(theirs, self._inward)

    def page(self, ours: KeyPage) -> KeyPage:
        """Return a page with the client's keys."""
        return replace(
            ours,
            keys=tuple(self.version(version) for version in ours.keys),
            folders=tuple(_moved(folder, self._outward) for folder in ours.folders),
        )


def _longest_first(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(pairs, key=lambda pair: -len(pair[0]))


def _with_source(
    metadata: VersionMetadata, pairs: list[tuple[str, str]]
) -> VersionMetadata:
    if metadata.run is None:
        return metadata
    run = replace(metadata.run, of=_moved(metadata.run.of, pairs))
    return replace(metadata, run=run)


def _moved(key: str, pairs: list[tuple[str, str]]) -> str:
    for old, new in pairs:
        if key == old or key.startswith(old + DELIMITER):
            return new + key[len(old) :]
    return key
