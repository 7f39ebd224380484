"""Marks of trust are removed from whatever Jupyter could open."""

import json
from typing import Any

import pytest

from bookstore_core.errors import TooLargeError
from bookstore_core.origins import file_model_of
from bookstore_core.untrusted.bounds import MAX_OBJECTS
from bookstore_core.untrusted.trust import untrusted

CLAIM: dict[str, Any] = {"cell_type": "code", "metadata": {"trusted": True, "a": 1}}
V3 = {"cell_type": "code", "metadata": {}, "trusted": True}


@pytest.mark.parametrize(
    "content",
    [
        {"nbformat": 4, "cells": [CLAIM]},
        {"nbformat": 4, "cells": [7, None, CLAIM, {"metadata": 5}], "metadata": []},
        {"cells": [{"metadata": {"trusted": "yes"}}]},
        {"nbformat": 3, "worksheets": [{"cells": [V3]}, 5, {"cells": [CLAIM]}]},
        {"nbformat": 4, "cells": [CLAIM], "metadata": {"lone": "\ud800"}},
        {"nbformat": 99, "cells": [CLAIM], "worksheets": [{"cells": [V3]}]},
    ],
)
def test_an_invalid_notebook_loses_its_claims_of_trust(content: dict[str, Any]) -> None:
    data = json.dumps(content).encode()
    assert b"trusted" not in untrusted(data)
    assert b"trusted" not in untrusted(data.replace(b"trusted", b"\\u0074rusted"))
    assert "trusted" not in file_model_of(data)["content"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"broken",
        b"\xff\x00",
        b'{"trusted": true}',
        b"[" * 100_000,
        b'{"cells": [{"metadata": {"tags": ["trusted"]}}]}',
    ],
)
def test_what_claims_no_trust_stays_byte_for_byte(data: bytes) -> None:
    assert untrusted(data) == data


def test_what_has_too_many_values_is_refused() -> None:
    data = json.dumps({"cells": [CLAIM], "more": [{}] * MAX_OBJECTS}).encode()
    with pytest.raises(TooLargeError):
        untrusted(data)
