"""Marks of trust are removed from files that are not read into memory."""

import io
import json
import tempfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookstore_core.notebooks import drop_trust
from bookstore_core.stores.streams import CHUNK
from bookstore_core.untrusted.marks import may_claim_trust, untrusted_pieces

NAMES = st.sampled_from(["cells", "worksheets", "metadata", "trusted", "a", "ü\\"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from('a"{]\\'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner),
    max_leaves=12,
)
CELLS = st.lists(
    st.fixed_dictionaries({}, optional={"trusted": VALUES, "a": VALUES})
    | st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES)),
    max_size=3,
)
SHEETS = st.lists(st.dictionaries(NAMES, CELLS | VALUES, max_size=3), max_size=2)
NOTEBOOKS = st.dictionaries(NAMES, CELLS | SHEETS | VALUES)


def cleaned(data: bytes) -> bytes:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        return b"".join(untrusted_pieces(file))


@settings(max_examples=80, deadline=None)
@given(NOTEBOOKS, st.sampled_from([None, 0, 1]), st.booleans(), st.booleans())
def test_a_notebook_loses_exactly_its_marks(
    notebook: Any, indent: int | None, escaped: bool, spaced: bool
) -> None:
    separators = (" , ", "\n: ") if spaced else None
    text = json.dumps(notebook, indent=indent, separators=separators)
    if escaped:
        text = text.replace("trusted", "\\u0074r\\u0075sted")
    expected = json.dumps(drop_trust(json.loads(text)))
    assert json.dumps(json.loads(cleaned(text.encode()))) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"cells":[{"trusted":1,"trusted":2,"a":3}]}', '{"cells":[{"a":3}]}'),
        ('{"cells":[{"a":1,"trusted":1 , "trusted":2}]}', '{"cells":[{"a":1}]}'),
        ('{"cells":[], "cells":[{"trusted":1}]}', '{"cells":[], "cells":[{}]}'),
        ('{"cells":[{"trusted":1,"a', '{"cells":[{"a'),
        ('{"trusted": [{"trusted": 1}]}', '{"trusted": [{"trusted": 1}]}'),
        ("[" * 100_000, "[" * 100_000),
        ("trusted", "trusted"),
        ("", ""),
    ],
)
def test_nothing_else_is_changed(before: str, after: str) -> None:
    assert cleaned(before.encode()) == after.encode()


@pytest.mark.parametrize("name", [b'"trusted"', b"\\u0074rusted"])
@pytest.mark.parametrize("place", [0, CHUNK - 4, CHUNK + 1])
def test_a_possible_mark_is_found_wherever_it_is(name: bytes, place: int) -> None:
    assert may_claim_trust(io.BytesIO(b" " * place + name))
    assert not may_claim_trust(io.BytesIO(b" " * place + b'"trusted by \\u001b'))
