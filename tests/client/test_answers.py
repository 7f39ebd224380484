"""Answers as objects: what the server says, and what it might say."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from bookstore_client import answers
from bookstore_client.answers import Status, Version
from bookstore_client.reader import read_answer
from bookstore_core.diff.report import NotebookDiff
from bookstore_core.diff.summary import ChangeSummary
from bookstore_core.history.records import VersionRecord
from bookstore_core.spool.report import SpoolReport
from bookstore_core.stores import Label


def names(kind: Any) -> set[str]:
    return {field.name for field in dataclasses.fields(kind)}


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        (answers.Version, VersionRecord),
        (answers.Label, Label),
        (answers.Spool, SpoolReport),
        (answers.Summary, ChangeSummary),
        (answers.Difference, NotebookDiff),
    ],
)
def test_an_answer_has_every_member_that_the_server_sends(
    kind: type, source: type
) -> None:
    assert names(source) <= names(kind)


def test_times_are_datetimes_and_unknown_members_are_left_out() -> None:
    found = read_answer(
        Version,
        {
            "version_id": "3sL4",
            "saved_at": "2026-11-24T09:12:40+00:00",
            "label": {"name": "as sent", "labelled_at": None},
            "of_a_newer_release": 1,
        },
    )
    assert found.saved_at == datetime(2026, 11, 24, 9, 12, 40, tzinfo=UTC)
    assert found.label == answers.Label(name="as sent")
    assert found.author == ""


@pytest.mark.parametrize(
    "odd",
    [
        {"release": 3},
        {"store": []},
        {"store": {"check": "fine"}},
        {"spool": {"last_success": "yesterday"}},
        {"wrong_settings": [None]},
    ],
)
def test_a_value_of_another_type_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)):
        read_answer(Status, odd)
