"""Words: how text is cut for the index, the same for every database.

A word is a run of letters and digits, without case and accents, so that ``read_csv`` is
two words. Scripts that write no spaces between words have a word for each character: a
text in one of them is found as a phrase.
"""

import re
import unicodedata
from collections.abc import Iterator

#: Longer runs are no words that anybody types: base64, hashes.
MOST_LETTERS = 64
#: What the words of `marks.py` begin with. One that somebody writes is another word.
MARKED = "zzq"

_RUN = re.compile(r"[^\W_]+")
#: Kana, Han characters and Thai.
_SPACELESS = re.compile("([\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff])")


def words_of(text: str) -> Iterator[str]:
    """Yield the words of a text, in order."""
    folded = text.casefold() if text.isascii() else _fold(text)
    for found in _RUN.finditer(folded):
        word = found[0]
        if len(word) <= MOST_LETTERS:
            yield MARKED + word if word.startswith(MARKED) else word


def joined_words(text: str) -> str:
    """Return the words of a text, with spaces between them."""
    return " ".join(words_of(text))


def padded_words(text: str) -> str:
    """Return the words with a space around each, to be looked for in a column."""
    return f" {joined_words(text)} "


def is_spaceless(word: str) -> bool:
    """Return whether a word begins with a character of a script without spaces."""
    return bool(_SPACELESS.match(word))


def _fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if c < "\u0300" or not _is_mark(c))
    return _SPACELESS.sub(r" \1 ", plain)


def _is_mark(char: str) -> bool:
    return unicodedata.category(char)[0] == "M"


class _Alike(dict[int, str]):
    """For each character, the one that stands for it when texts are compared."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        plain = [c for c in unicodedata.normalize("NFKD", char) if not _is_mark(c)]
        folded = plain[0].lower() if len(plain) == 1 else char.lower()
        self[code] = folded if len(folded) == 1 else char
        return self[code]


_ALIKE = _Alike()


def alike(text: str) -> str:
    """Return a text of the same length, without case and accents."""
    return text.lower() if text.isascii() else text.translate(_ALIKE)
