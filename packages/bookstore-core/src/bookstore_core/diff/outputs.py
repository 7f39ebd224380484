"""Outputs of cells, compared by digest and described by their types and sizes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from bookstore_core.cells import digest, shown, text_of, write_json
from bookstore_core.diff.lines import Detail, diff_texts
from bookstore_core.diff.text import TextDiff
from bookstore_core.paths import uncoloured

#: Outputs of one cell that are described, and MIME types of one output.
MAX_OUTPUTS, MAX_TYPES = 50, 10
#: Characters of the longest payload that is compared without a digest.
SHORT = 200
#: Characters of a type's name that are shown.
NAME = 100
#: Members that differ between two runs with the same result.
NO_CHANGE = ("execution_count", "prompt_number", "transient")


@dataclass(frozen=True)
class Payload:
    """One form of an output; `size` is in bytes, of an image those that are decoded."""

    mime_type: str
    size: int


@dataclass(frozen=True)
class Output:
    """The description of an output: its type, its payloads, and a digest of all of it.

    `type` is ``stream``, ``display_data``, ``execute_result`` or ``error``; `index`
    is its place in the cell.
    """

    index: int
    type: str
    digest: str
    payloads: tuple[Payload, ...] = field(default=())


@dataclass(frozen=True)
class OutputDiff:
    """Two outputs that correspond; None if that side has no such output.

    `text` compares their texts, if they have texts that differ.
    """

    kind: Literal["unchanged", "added", "removed", "changed"]
    base: Output | None
    remote: Output | None
    text: TextDiff | None = None


def outputs_of(raw: Mapping[str, Any]) -> list[Any]:
    """Return the outputs of a cell; an empty list if they are not a list."""
    outputs = raw.get("outputs")
    return outputs if isinstance(outputs, list) else []


def outputs_text(raw: Mapping[str, Any]) -> str:
    """Return a cell's outputs with every payload replaced by its digest, as text."""
    return " ".join(_digest_output(output) for output in outputs_of(raw))


def outputs_differ(base: Mapping[str, Any], remote: Mapping[str, Any]) -> bool:
    """Return whether the outputs of two cells differ, apart from when they were run."""
    left, right = outputs_of(base), outputs_of(remote)
    if left == right:
        return False
    if len(left) != len(right):
        return True
    pairs = zip(left, right, strict=True)
    return any(
        one != other and _digest_output(one) != _digest_output(other)
        for one, other in pairs
    )


def diff_outputs(base: Sequence[Any], remote: Sequence[Any]) -> tuple[OutputDiff, ...]:
    """Return the outputs in pairs: equal ones at the end, and the others by position.

    At most `MAX_OUTPUTS` outputs of each side are described.
    """
    left = [_describe(place, output) for place, output in _first(base)]
    right = [_describe(place, output) for place, output in _first(remote)]
    tail: list[OutputDiff] = []
    while left and right and left[-1].digest == right[-1].digest:
        tail.append(OutputDiff("unchanged", left.pop(), right.pop()))
    diffs = []
    for place in range(max(len(left), len(right))):
        one = left[place] if place < len(left) else None
        other = right[place] if place < len(right) else None
        diffs.append(_compare(one, other))
    return (*diffs, *reversed(tail))


def diff_output_texts(
    found: OutputDiff, base: Sequence[Any], remote: Sequence[Any], *, detail: Detail
) -> OutputDiff:
    """Return the pair with the difference of its texts, if there is one."""
    if found.kind == "unchanged":
        return found
    left = _text_in(base[found.base.index]) if found.base else ""
    right = _text_in(remote[found.remote.index]) if found.remote else ""
    if left == right:
        return found
    return replace(found, text=diff_texts(left, right, detail=detail))


def _text_in(output: object) -> str:
    """Return what an output says in plain text; empty if it says nothing."""
    if not isinstance(output, dict):
        return ""
    data = output.get("data")
    if isinstance(data, dict):
        text = text_of(data.get("text/plain"))
    elif isinstance(output.get("traceback"), list):
        text = "\n".join(map(text_of, output["traceback"]))
    else:
        text = text_of(output.get("text"))
    return uncoloured(text).removesuffix("\n")


def _compare(base: Output | None, remote: Output | None) -> OutputDiff:
    if base is None:
        return OutputDiff("added", base, remote)
    if remote is None:
        return OutputDiff("removed", base, remote)
    same = base.digest == remote.digest
    return OutputDiff("unchanged" if same else "changed", base, remote)


def _first(outputs: Sequence[Any]) -> list[tuple[int, Any]]:
    return list(enumerate(outputs[:MAX_OUTPUTS]))


def _digest_output(output: object) -> str:
    if not isinstance(output, dict):
        return digest(write_json(output))
    light = {name: value for name, value in output.items() if name not in NO_CHANGE}
    data = light.get("data")
    if isinstance(data, dict):
        light["data"] = {mime: _lighten(mime, data[mime]) for mime in data}
    if "text" in light:
        light["text"] = _lighten("text/plain", light["text"])
    return digest(write_json(light))


def _lighten(mime: str, value: object) -> object:
    """Return a payload that is short, else its digest."""
    if isinstance(value, list) and not mime.endswith("json"):
        value = text_of(value)
    return digest(value) if isinstance(value, str) and len(value) > SHORT else value


def _payload_text(mime: str, value: object) -> str:
    # A list is text in lines, except in JSON.
    return write_json(value) if mime.endswith("json") else text_of(value)


def _describe(index: int, output: object) -> Output:
    if not isinstance(output, dict):
        return Output(index, "unknown", _digest_output(output))
    kind, data = output.get("output_type"), output.get("data")
    if isinstance(data, dict):
        payloads = [_payload(mime, data[mime]) for mime in sorted(data)[:MAX_TYPES]]
    elif "text" in output:
        payloads = [_payload("text/plain", output["text"])]
    elif isinstance(output.get("traceback"), list):
        payloads = [_payload("text/plain", output["traceback"])]
    else:
        payloads = []
    name = kind if isinstance(kind, str) else "unknown"
    return Output(index, shown(name[:NAME]), _digest_output(output), tuple(payloads))


def _payload(mime: str, value: object) -> Payload:
    text = _payload_text(mime, value)
    is_encoded = mime.startswith("image/") and not mime.endswith("xml")
    size = len(text) * 3 // 4 if is_encoded else len(text.encode("utf-8", "replace"))
    return Payload(shown(mime[:NAME]), size)
