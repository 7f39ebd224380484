"""How long the stores that are asked over HTTP wait for answers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timeouts:
    """Seconds to wait for a connection, and for the next bytes on it."""

    connect: float
    read: float


FOR_WORK = Timeouts(5, 30)
FOR_CHECKS = Timeouts(2, 2.5)
#: For a person who waits for a page: an answer or an error within five seconds.
FOR_PEOPLE = Timeouts(2, 3)
