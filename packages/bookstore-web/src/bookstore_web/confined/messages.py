"""Messages between this process and the confined one: pickles with their length first.

Both sides run this package's code only. What others wrote is in the messages as bytes
and text, never as a pickle.
"""

import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

HEAD = struct.Struct("!Q")


@dataclass(frozen=True)
class Task:
    """A function, found by its name, and its arguments; seconds of CPU it may take."""

    function: Callable[..., Any]
    args: tuple[Any, ...] = field(repr=False)
    seconds: float


@dataclass(frozen=True)
class Result:
    """What the function returned or raised, and the most memory used, in bytes."""

    value: Any = field(repr=False)
    error: Exception | None
    peak: int


def write_message(file: IO[bytes], message: Task | Result | None) -> None:
    """Write a message; None only says that the process is ready."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    file.write(HEAD.pack(len(data)))
    file.write(data)
    file.flush()


def read_message(file: IO[bytes]) -> Any:
    """Return the next message; raise EOFError at the end."""
    head = file.read(HEAD.size)
    if len(head) < HEAD.size:
        raise EOFError
    (size,) = HEAD.unpack(head)
    data = file.read(size)
    if len(data) < size:
        raise EOFError
    return pickle.loads(data)  # noqa: S301  # see above
