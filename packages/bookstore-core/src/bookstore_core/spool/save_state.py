"""SaveState: where a notebook's newest save is, as its notebook server knows it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bookstore_core.origins import MARK

#: The newest save is in the store; waits in the spool; is in neither of them; nothing
#: is known because this server has not saved the notebook; saves are not archived.
STORED, WAITING, UNPROTECTED = "stored", "waiting", "unprotected"
UNKNOWN, OFF = "unknown", "off"


@dataclass(frozen=True)
class SaveState:
    """The state of a notebook's newest save.

    `state` is one of the constants above. `saved_at` is the time of the newest save,
    and `since` that of the oldest one that is not in the store; None if not known.
    `reason` is a sentence: why uploads fail now, or why there is no protection.
    """

    state: str
    saved_at: datetime | None = None
    since: datetime | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the fields for JSON, times as ISO in UTC."""
        return {
            "state": self.state,
            "saved_at": self.saved_at.isoformat() if self.saved_at else None,
            "since": self.since.isoformat() if self.since else None,
            "reason": self.reason,
        }


class KnowsSaves(Protocol):
    """What archives the saves of a contents manager."""

    def save_state(self, path: str) -> SaveState:
        """Return the state of the newest save of a notebook. Asks no store."""


def save_state_of(manager: object, path: str) -> SaveState | None:
    """Return the state of a notebook; None if the manager's saves are not archived."""
    keeper: KnowsSaves | None = getattr(manager, MARK, None)
    return None if keeper is None else keeper.save_state(path)
