"""Run: what is recorded of a version that is an executed notebook.

It is one field of the version's metadata, compact JSON of at most `MAX_RUN` bytes.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NoReturn, Self

from bookstore_core.clock import read_time
from bookstore_core.errors import InvalidRequestError
from bookstore_core.paths import uncoloured, well_formed

#: The most bytes of a run in a version's metadata, as UTF-8; S3 keeps 2 KB in all.
MAX_RUN = 700
#: The most characters of one that is read: others may have written it.
MAX_READ = 8192
#: Characters of the error that are kept.
MAX_ERROR = 150
#: Bits of a whole number that is kept as a number.
MAX_BITS = 1024
#: Lists in lists, or objects, of a parameter that are kept.
MAX_DEPTH = 20

COMPLETED, FAILED = "completed", "failed"


@dataclass(frozen=True)
class Run:
    """The version that ran, with what, and how that ended.

    `of` is the key of the notebook that ran, of either shelf, and `version` the id of
    its version; each is empty if it is not known. `started` is in UTC. `error` is that
    of a failed run. Parameters that do not fit are left out, which `cut` says; the
    executed notebook has them in its own metadata.
    """

    of: str
    version: str
    started: datetime
    seconds: float
    outcome: str = COMPLETED
    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)
    error: str = ""
    cut: bool = False

    def fitting(self) -> Self:
        """Return the run as it is stored: what does not fit is left out.

        The parameters first, then the error, then the notebook's key.
        """
        run = replace(
            self,
            parameters=plain(dict(self.parameters)),
            error=well_formed(uncoloured(self.error))[:MAX_ERROR],
            started=self.started.astimezone(UTC).replace(microsecond=0),
            seconds=round(self.seconds, 1),
        )
        less: tuple[dict[str, Any], ...] = (
            {},
            {"parameters": {}, "cut": bool(run.parameters) or run.cut},
            {"error": ""},
            {"of": ""},
        )
        for change in less:
            run = replace(run, **change)
            if len(run._dump().encode()) <= MAX_RUN:
                break
        return run

    def dumps(self) -> str:
        """Return the run as it is stored."""
        return self.fitting()._dump()

    def _dump(self) -> str:
        form = {
            "of": self.of,
            "version": self.version,
            "parameters": self.parameters,
            "started": f"{self.started.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "seconds": self.seconds,
            "outcome": self.outcome,
            "error": self.error,
            "cut": self.cut,
        }
        kept = {n: value for n, value in form.items() if value or n not in _OPTIONAL}
        text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
        return well_formed(text)

    @classmethod
    def loads(cls, text: str) -> Self:
        """Return the run in a text; raises InvalidRequestError if it is none."""
        try:
            if len(text) > MAX_READ:
                raise ValueError("too long")
            return cls._of_form(json.loads(text, parse_constant=_refuse))
        except (
            *(ValueError, TypeError, LookupError, AttributeError),
            *(RecursionError, OverflowError),
        ):
            raise InvalidRequestError("This is no record of a run.") from None

    @classmethod
    def _of_form(cls, form: Mapping[str, Any]) -> Self:
        seconds, outcome = form["seconds"], form["outcome"]
        if isinstance(seconds, bool) or not 0 <= float(seconds) < 1e9:
            raise ValueError("seconds")
        if outcome not in (COMPLETED, FAILED):
            raise ValueError("outcome")
        parameters = form.get("parameters", {})
        if not isinstance(parameters, dict):
            raise TypeError("parameters")
        return cls(
            of=_text(form["of"]),
            version=_text(form["version"]),
            started=read_time(form["started"]),
            seconds=float(seconds),
            outcome=outcome,
            parameters=plain(parameters),
            error=_text(form.get("error", ""))[:MAX_ERROR],
            cut=form.get("cut") is True,
        )


_OPTIONAL = ("error", "cut", "parameters")


def run_in(text: object) -> Run | None:
    """Return the run in a field of metadata; None if it is none."""
    if not isinstance(text, str) or not text:
        return None
    try:
        return Run.loads(text)
    except InvalidRequestError:
        return None


def plain(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return a value as JSON has it: what it lacks, and what is too deep, as text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        # Python writes no number of several thousand digits as a decimal one.
        return value if value.bit_length() <= MAX_BITS else hex(value)
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Mapping) and depth:
        return {well_formed(str(n)): plain(v, depth - 1) for n, v in value.items()}
    if isinstance(value, list | tuple) and depth:
        return [plain(item, depth - 1) for item in value]
    return well_formed(value if isinstance(value, str) else str(value))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return well_formed(value)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
