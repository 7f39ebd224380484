"""What changed between two notebooks, in numbers and in a few words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ChangeSummary:
    """Numbers of cells. A cell that moved and changed counts as both.

    `changed` counts cells whose source, type or attachments differ, `outputs_changed`
    those whose outputs differ, and `metadata_changed` those whose metadata differ, plus
    one if the notebook's own metadata differ. If one side is not a notebook, `is_text`
    is set, and only lines are counted.
    """

    added: int = 0
    removed: int = 0
    changed: int = 0
    moved: int = 0
    outputs_changed: int = 0
    metadata_changed: int = 0
    is_text: bool = False
    lines_added: int = 0
    lines_removed: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted as a change."""
        return self == ChangeSummary(is_text=self.is_text)

    @property
    def sentence(self) -> str:
        """What changed, in words such as ``2 cells changed, 1 added``."""
        if self.is_text:
            counted = [(self.lines_added, "added"), (self.lines_removed, "removed")]
            return _count(counted, "line") or "nothing changed"
        cells = [
            (self.changed, "changed"),
            (self.added, "added"),
            (self.removed, "removed"),
            (self.moved, "moved"),
        ]
        return _count(cells, "cell") or self._rest

    @property
    def _rest(self) -> str:
        if self.outputs_changed and self.metadata_changed:
            return "only outputs and metadata changed"
        if self.outputs_changed:
            return "only outputs changed"
        return "only metadata changed" if self.metadata_changed else "nothing changed"


def _count(counted: list[tuple[int, str]], noun: str) -> str:
    parts: list[str] = []
    for number, word in counted:
        if number:
            unit = "" if parts else f" {noun}" if number == 1 else f" {noun}s"
            parts.append(f"{number}{unit} {word}")
    return ", ".join(parts)
