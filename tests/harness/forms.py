"""Fixtures of what earlier releases wrote to disk, one directory for each form."""

import json
from pathlib import Path
from typing import Any

FORM_1 = Path(__file__).resolve().parents[1] / "fixtures" / "form-1"


def expected_of(form: Path) -> dict[str, Any]:
    """Return what the release that wrote a fixture read from it."""
    expected: dict[str, Any] = json.loads((form / "expected.json").read_bytes())
    return expected
