"""The rules of a service, as a table, and the folders that names become."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookstore_core.errors import ConfigurationError, ForbiddenError
from bookstore_core.paths import check_path
from bookstore_core.settings import BookstoreSettings
from bookstore_web.app.access.people import (
    NOBODY,
    Kind,
    Person,
    folder_of,
    group_folder_of,
)
from bookstore_web.app.access.policy import Policy

ANN = Person("ann", frozenset({"team"}), kind=Kind.BROWSER)
CALLERS = {
    "ann": ANN,
    "ann's server": Person("ann", frozenset({"team"}), kind=Kind.TOKEN),
    "ben": Person("ben", kind=Kind.BROWSER),
    "team": Person("team", kind=Kind.BROWSER),  # called as a group
    "@team": Person("@team", kind=Kind.BROWSER),
    "admin": Person("root", admin=True, kind=Kind.BROWSER),
    "service": Person("ann", frozenset({"team"}), admin=True, kind=Kind.SERVICE),
    "nobody": NOBODY,
    "unnamed": Person("", frozenset({"team"}), admin=True, kind=Kind.BROWSER),
}
ALL = "ann, ann's server, ben, team, @team, admin, service"
OWN = "ann, ann's server"
#: By key, who may read it, and who may write it; nobody else may.
RULES = {
    "workspace/ann/a.ipynb": (f"{OWN}, admin", OWN),
    "workspace/ann/.bookstore/moved/a.ipynb": (f"{OWN}, admin", OWN),
    "workspace/ann/.bookstore/labels/a.ipynb/x": (f"{OWN}, admin", OWN),
    "workspace/anna/a.ipynb": ("admin", ""),
    "workspace/ann": ("admin", ""),
    "workspace/a.ipynb": ("admin", ""),
    "workspace/.bookstore/moved/ann": ("admin", ""),
    "workspace/=/a.ipynb": ("admin", ""),
    "workspacex/ann/a.ipynb": ("admin", ""),
    "published/ann/a.ipynb": (ALL, OWN),
    "published/ann/.bookstore/unpublished/x": (ALL, OWN),
    "published/a.ipynb": (ALL, ""),
    "published/.bookstore/unpublished/x": (ALL, ""),
    "published/team/a.ipynb": (ALL, "team"),
    "published/=40team/a.ipynb": (ALL, "@team"),
    "published/@team/a.ipynb": (f"{OWN}, admin", OWN),
    "published/@team/.bookstore/moved/a.ipynb": (f"{OWN}, admin", OWN),
    "published/@teams/a.ipynb": ("admin", ""),
    "published/@team": ("admin", ""),
    "published/@/a.ipynb": ("admin", ""),
    "published/@open/a.ipynb": (ALL, ""),
    "other/a.ipynb": ("admin", ""),
    ".bookstore/check": ("admin", ""),
    "workspace/ann/../ben/a.ipynb": ("", ""),
    "workspace/ann//a.ipynb": ("", ""),
    "workspace/ann/./a.ipynb": ("", ""),
    "/workspace/ann/a.ipynb": ("", ""),
    "published/ann/../@team/a.ipynb": ("", ""),
}


def policy(**traits: Any) -> Policy:
    return Policy(BookstoreSettings(public_groups=["open"], **traits))


def names(text: str) -> set[str]:
    return set(filter(None, text.split(", ")))


@pytest.mark.parametrize("key", RULES)
def test_who_may_read_and_write_a_key(key: str) -> None:
    readers, writers = map(names, RULES[key])
    rules = policy()
    assert {n for n, p in CALLERS.items() if rules.may_read(p, key)} == readers
    assert {n for n, p in CALLERS.items() if rules.may_write(p, key)} == writers


@pytest.mark.parametrize("name", CALLERS)
def test_nobody_writes_what_they_may_not_read(name: str) -> None:
    rules, person = policy(), CALLERS[name]
    for key in RULES:
        assert rules.may_read(person, key) or not rules.may_write(person, key)


def test_people_publish_in_their_folder_or_for_a_group_of_theirs() -> None:
    assert policy().shelf_folder(ANN) == "ann"
    assert policy().shelf_folder(ANN, "team") == "@team"
    for person, group in ((ANN, "open"), (ANN, "@team"), (CALLERS["service"], "")):
        with pytest.raises(ForbiddenError):
            policy().shelf_folder(person, group)


@pytest.mark.parametrize(
    ("workspace", "published"),
    [("", "p"), ("w", ""), ("a", "a"), ("a", "a/published"), ("b/w", "b"), ("/", "p")],
)
def test_one_shelf_must_not_be_within_the_other(workspace: str, published: str) -> None:
    rules = policy(workspace_prefix=workspace, published_prefix=published)
    with pytest.raises(ConfigurationError):
        rules.check()
    policy(workspace_prefix="/a/w/", published_prefix="a/w2").check()


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("ann", "ann"),
        ("ann@example.org", "ann@example.org"),
        ("Ann", "=41nn"),
        ("..", "=2E."),
        (".bookstore", "=2Ebookstore"),
        ("@team", "=40team"),
        ("a/b", "a=2Fb"),
        ("a=2fb", "a=3D2fb"),
        ("ü%", "=C3=BC=25"),
        ("\udcff", "=ED=B3=BF"),
    ],
)
def test_a_name_is_a_readable_folder(name: str, folder: str) -> None:
    assert folder_of(name) == folder
    assert group_folder_of(name) == f"@{folder}"


@given(st.lists(st.text(min_size=1), min_size=2, max_size=2, unique=True))
def test_every_name_has_a_folder_of_its_own(given_names: list[str]) -> None:
    folders = {folder_of(name) for name in given_names}
    folders |= {group_folder_of(name) for name in given_names}
    assert len(folders) == 4
    for folder in folders:
        assert check_path(folder) == folder
        assert "/" not in folder
        assert folder != ".bookstore"


def test_long_names_have_short_folders_that_differ() -> None:
    long = ["ü" * 200, "ü" * 199 + "u", "ü" * 200 + "u"]
    folders = {folder_of(name) for name in long}
    assert len(folders) == 3
    assert max(map(len, folders)) < 200
