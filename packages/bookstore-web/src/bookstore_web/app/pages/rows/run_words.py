"""What pages say of a run, as filters for templates."""

from collections.abc import Callable, Mapping

from bookstore_core.runs.run import Run
from bookstore_core.runs.words import one_line, say_error, say_outcome, say_parameters


def outcome(run: Run) -> str:
    """Return how a run ended, as the beginning of a sentence."""
    words = say_outcome(run)
    return f"{words[:1].upper()}{words[1:]}"


def parameters(run: Run) -> str:
    """Return the parameters of a run on one line; empty if there are none."""
    return say_parameters(run.parameters, cut=run.cut)


FILTERS: Mapping[str, Callable[..., str]] = {
    "outcome": outcome,
    "run_error": say_error,
    "parameters": parameters,
    "one_line": one_line,
}
