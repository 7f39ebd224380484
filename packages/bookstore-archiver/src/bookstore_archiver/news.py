"""News: what a save brings besides its content, to be told with its version."""

from dataclasses import dataclass

from bookstore_core.origins import Origin


@dataclass(frozen=True)
class News:
    """Fields of the spool's `Trailer`, where they are described.

    A save with any of them stands for something that a person did. It is sent at once
    and never left out, whatever settings thin out the saves that editors make.
    """

    restored_from: str = ""
    restored_path: str = ""
    moved_from: str = ""
    only_if_changed: bool = False

    @classmethod
    def of_restore(cls, origin: Origin | None, path: str) -> "News":
        """Return the news that a save at `path` is a restore, if it is one."""
        if origin is None:
            return NO_NEWS
        elsewhere = origin.path if origin.path != path else ""
        return cls(restored_from=origin.version_id, restored_path=elsewhere)


NO_NEWS = News()

#: Content that is about to be written over: a version unless the newest one is it.
PRESENT = News(only_if_changed=True)
