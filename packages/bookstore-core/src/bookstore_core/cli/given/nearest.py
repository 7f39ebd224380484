"""The word that somebody may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str], *, mark: str = "") -> str:
    """Return a sentence that names the known word most like `word`; empty if none is.

    `mark` is written before it, such as the dashes of an option.
    """
    found = get_close_matches(word, [name for name in known if len(name) > 1], n=1)
    return f" Did you mean {mark}{found[0]}?" if found else ""
