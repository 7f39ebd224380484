"""The author of what a process saves, labels and publishes."""

import pytest

from bookstore_core.authors import author


def test_author_is_the_hub_user_or_the_user_of_the_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOGNAME", "bob")
    assert author() == "bob"
    monkeypatch.setenv("JUPYTERHUB_USER", "ann")
    assert author() == "ann"
