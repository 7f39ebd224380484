"""Colours for code, by lexers that were tested, within bounds.

A notebook names its own lexer. Many of Pygments' lexers take quadratic time, and some
take minutes for sixty characters, inside one match that cannot be interrupted. The
lexers here were tried with thousands of texts made to be slow, at `MAX_CODE`: none
spends more than a fraction of a second between two tokens, where the time is checked.
Other languages are shown as text, without colours.
"""

import time
from collections import OrderedDict
from functools import cache

from markupsafe import Markup
from pygments import format as write_tokens
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer, bygroups, inherit
from pygments.lexers import TextLexer, get_lexer_by_name
from pygments.lexers.python import PythonLexer
from pygments.token import Operator, Text, Whitespace
from pygments.util import ClassNotFound

#: Characters of one source that are coloured; longer ones are shown as text.
MAX_CODE = 10_000
#: Sources whose colours are kept, and their most characters: the versions of a notebook
#: have most cells in common.
MOST_KEPT, MAX_KEPT = 1_000, 2_000

#: The first alias of each lexer. C, C++, shells and OCaml are missing: they are slow.
TESTED = frozenset(
    {
        *("clojure", "csharp", "css", "elixir", "fortran", "fsharp", "go", "groovy"),
        *("haskell", "html", "java", "javascript", "json", "julia", "kotlin", "lua"),
        *("matlab", "octave", "perl", "php", "postgresql", "powershell", "ruby"),
        *("rust", "sas", "scala", "scheme", "splus", "sql", "stata", "swift", "tex"),
        *("typescript", "xml", "yaml"),
    }
)
PYTHON = frozenset({"", "python", "ipython", "py", "python3", "py3", "ipython3"})

# IPython's own lexer gives `%%bash` and `!` to a lexer for shells, which is slow.
PROMPT = r"^([ \t]*)(%%?|!!?)([^\n]*)"


class NotebookPythonLexer(PythonLexer):  # type: ignore[misc]
    """Python, with magics and shell commands in a line of their own."""

    name = "Python in notebooks"
    aliases = ()  # it cannot be asked for by name
    tokens = {  # noqa: RUF012  # as in the base class
        "root": [(PROMPT, bygroups(Whitespace, Operator, Text)), inherit]
    }


@cache
def lexer_of(name: str) -> Lexer:
    """Return the lexer of this name if it was tested, else one for plain text."""
    if name.lower() in PYTHON:
        return NotebookPythonLexer()
    try:
        lexer = get_lexer_by_name(name)
    except ClassNotFound:
        return TextLexer()
    return lexer if lexer.aliases[:1] and lexer.aliases[0] in TESTED else TextLexer()


@cache
def _formatter() -> HtmlFormatter:
    return HtmlFormatter()


#: Coloured sources, by name of the language and source.
_painted: OrderedDict[tuple[str, str], Markup] = OrderedDict()


class Painter:
    """Colours the code of one notebook, until `seconds` of CPU are spent.

    Not for several threads.
    """

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    def paint(self, code: str, name: str) -> Markup | None:
        """Return code as HTML, None if it is to be shown as text."""
        if self.left <= 0 or len(code) > MAX_CODE:
            return None
        place = (name, code)
        if (known := _painted.get(place)) is not None:
            _painted.move_to_end(place)
            return known
        begin = time.thread_time()
        tokens = []
        try:
            for token in lexer_of(name).get_tokens(code):
                if time.thread_time() - begin > self.left:
                    return None
                tokens.append(token)
        finally:
            self.left -= time.thread_time() - begin
        coloured = Markup(  # noqa: S704  # pygments escapes what it colours
            write_tokens(tokens, _formatter())
        )
        if len(code) <= MAX_KEPT:
            _painted[place] = coloured
            if len(_painted) > MOST_KEPT:
                _painted.popitem(last=False)
        return coloured
