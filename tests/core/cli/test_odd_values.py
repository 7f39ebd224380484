"""Odd metadata and labels in the terminal: verbs print them, without control codes."""

import json
from pathlib import Path

import pytest

from bookstore_core.stores import Version, VersionStore
from bookstore_core.stores.label_texts import TAGS
from bookstore_core.stores.local.names import key_directory
from core.cli.conftest import Call
from harness.odd import FIELDS, KNOWN

AT = "2024-05-17T09:30:00+00:00"


@pytest.mark.parametrize("text", KNOWN)
def test_verbs_print_one_text_everywhere(
    call: Call, store: VersionStore, saved: list[Version], text: str
) -> None:
    directory = key_directory(Path(store.location), "workspace/new.ipynb")
    members = {**dict.fromkeys(FIELDS, text), "save_id": "1f", "saved_at": AT}
    for ending, value in (
        (".meta.json", members),
        (".label.json", dict.fromkeys(TAGS, text)),
    ):
        file = directory / (saved[0].version_id + ending)
        file.write_text(json.dumps(value))
    for verb in (
        ("versions", "new.ipynb"),
        ("versions", "new.ipynb", "--json"),
        ("show", "new.ipynb"),
        ("diff", "new.ipynb", "@1", "@0"),
        ("show", "new.ipynb", "--at=2024-05-18 10:00"),
    ):
        done = call(*verb)
        said = done.out + done.err
        assert done.code in (0, 1, 4), (verb, said)
        assert "Traceback" not in said
        assert said.replace("\n", "").isprintable(), (verb, said)
