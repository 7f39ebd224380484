"""Fixtures of what earlier releases wrote to disk, one directory for each form."""

import json
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"

FORM_1 = FIXTURES / "form-1"
#: A directory with patches, batches, a label, a deletion and a base without a version;
#: a spool with saves without a sha256.
FORM_2 = FIXTURES / "form-2"


def expected_of(form: Path) -> dict[str, Any]:
    """Return what the release that wrote a fixture read from it."""
    expected: dict[str, Any] = json.loads((form / "expected.json").read_bytes())
    return expected
