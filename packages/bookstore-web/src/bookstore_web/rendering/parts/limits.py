"""How much of a notebook one document shows, and what is asked for later.

A document shows the cells from one on, as many as fit. An output that does not fit is
shown by a document of its cell alone, with more room. A link leads there; the page puts
the cell, and the cells that follow, in place when they are scrolled to.
"""

from dataclasses import dataclass, replace

#: Cells of a document, and outputs and attachments of a cell.
MAX_CELLS = 500
MAX_OUTPUTS_OF_CELL = 100
MAX_ATTACHMENTS_OF_CELL = 100
#: Characters of one source, and of all after which the next document begins.
MAX_SOURCE, MAX_SOURCES = 50_000, 1_000_000
#: Characters of markdown; the parser may be slow for longer texts.
MAX_MARKDOWN = 20_000


@dataclass(frozen=True)
class Limits:
    """Characters of one output, and of all; of text in one output, and in all.

    Text takes longer than images.
    """

    output: int
    outputs: int
    text: int
    texts: int


#: The limits of a document, and those of one of a cell alone.
TOGETHER = Limits(output=1_000_000, outputs=4_000_000, text=200_000, texts=1_000_000)
ALONE = Limits(output=16_000_000, outputs=24_000_000, text=1_500_000, texts=2_000_000)


@dataclass(frozen=True)
class Portion:
    """The part of a notebook in a document: one `cell`, or the cells from `begin` on.

    `address` is the query of the document, which its links to other portions extend.
    """

    cell: int | None = None
    begin: int = 0
    address: str = ""


@dataclass(frozen=True)
class LeftOut:
    """How many parts of a notebook, or `characters` of a text, are not shown.

    `sources` were shortened; `outputs` were left out, or shortened, for their size or
    number.
    """

    sources: int = 0
    outputs: int = 0
    characters: int = 0

    def __bool__(self) -> bool:
        return self != LeftOut()

    def more(self, *, sources: int = 0, outputs: int = 0) -> "LeftOut":
        """Return this with so many more parts."""
        return replace(
            self, sources=self.sources + sources, outputs=self.outputs + outputs
        )

    @property
    def sentence(self) -> str:
        """What is left out, as a sentence; empty if nothing is."""
        parts = []
        if self.sources:
            parts.append(_count(self.sources, "cell", "cut short"))
        if self.outputs:
            parts.append(_count(self.outputs, "large output"))
        if self.characters:
            parts.append(_count(self.characters, "character", "at the end"))
        if not parts:
            return ""
        return f"Not everything is shown here. Left out: {'; '.join(parts)}."


def _count(number: int, noun: str, more: str = "") -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'} {more}".rstrip()


def in_words(size: int) -> str:
    """Return a number of characters in words."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.0f} KB"
