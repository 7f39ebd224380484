"""Shelves: the two prefixes under which notebooks are stored."""

from dataclasses import dataclass

from bookstore_core.errors import ConfigurationError, InvalidRequestError
from bookstore_core.paths import DELIMITER, notebook_key
from bookstore_core.settings import BookstoreSettings


@dataclass(frozen=True)
class Shelf:
    """A prefix for notebooks. `name` is what people and the API call it."""

    name: str

    def prefix(self, settings: BookstoreSettings) -> str:
        """Return the prefix of the shelf's keys, without slashes before it.

        In S3 the slashes after it are kept, because bookstore 2 kept them: with the
        prefix ``wx/``, keys begin with ``wx//``.
        """
        prefix: str = getattr(settings, f"{self.name}_prefix")
        plain = prefix.strip(DELIMITER)
        if settings.storage != "s3" or not plain:
            return plain
        return prefix.lstrip(DELIMITER)

    def check(self, settings: BookstoreSettings) -> None:
        """Raise ConfigurationError if the settings do not have this shelf."""
        if not self.prefix(settings):
            trait = f"{self.name}_prefix"
            reason = settings.wrong.get(trait, f"BookstoreSettings.{trait} is empty.")
            raise ConfigurationError(f"There is no {self.name} shelf. {reason}")

    def key(self, settings: BookstoreSettings, path: str) -> str:
        """Return the key of the notebook at `path`.

        Raises InvalidRequestError for an invalid path.
        """
        return notebook_key(self.prefix(settings), path)

    def path(self, settings: BookstoreSettings, key: str) -> str:
        """Return the path of the notebook with this key on the shelf."""
        prefix = self.prefix(settings)
        return key.removeprefix(prefix + DELIMITER) if prefix else key


WORKSPACE = Shelf("workspace")
PUBLISHED = Shelf("published")
SHELVES = {shelf.name: shelf for shelf in (WORKSPACE, PUBLISHED)}


def find_shelf(name: str) -> Shelf:
    """Return the shelf with this name, or the workspace if the name is empty.

    Raises InvalidRequestError for an unknown name.
    """
    found = SHELVES.get(name or WORKSPACE.name)
    if found is None:
        raise InvalidRequestError(
            f"There is no shelf {name!r}. Use {' or '.join(SHELVES)}."
        )
    return found
