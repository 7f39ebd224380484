"""What the documents name exists: settings, verbs, options, routes, files, extras."""

import re
import tomllib
from collections.abc import Collection
from functools import cache
from itertools import pairwise
from typing import Any

from bookstore_core.cli.command import OPTIONS_OF_ALL, all_verbs
from bookstore_core.settings import BookstoreSettings
from bookstore_web import create_app
from bookstore_web.app.api.openapi import describe
from harness.notebook_server import TOP

#: All but the changelog, which names what is gone, too.
DOCUMENTS = [
    path
    for pattern in ("*.md", "docs/*.md", "packages/*/README.md", "docs/example/*")
    for path in sorted(TOP.glob(pattern))
    if path.name != "CHANGELOG.md"
]
#: Where a document may leave off the beginning of a path.
BASES = [TOP, TOP / "docs", *TOP.glob("packages/*/src"), *TOP.glob("packages/*/src/*")]
#: Paths of other places: Jupyter's data directory, and the temporary one.
ELSEWHERE = {
    "bookstore/store",
    "bookstore/spool",
    "bookstore/known-stores",
    "packages/NAME/src/",
}
#: Routes that the notebook server answers itself, without the app.
BY_SERVER = ("/api/bookstore/save-state", "/api/bookstore/drain")


def named(pattern: str) -> set[tuple[str, Any]]:
    """Return what the documents have of a pattern, each with the document's name."""
    return {
        (str(path.relative_to(TOP)), words)
        for path in DOCUMENTS
        for words in re.findall(pattern, path.read_text("utf-8"), re.MULTILINE)
    }


def unknown(pattern: str, known: Collection[Any]) -> list[tuple[str, Any]]:
    """Return what the documents have of a pattern that is not in `known`."""
    return [(name, words) for name, words in named(pattern) if words not in known]


def test_settings_exist() -> None:
    settings = BookstoreSettings.class_trait_names()
    assert unknown(r"BookstoreSettings\.(\w+)", settings) == []


def rows_of_settings() -> dict[str, tuple[str, str]]:
    """Return the default and the meaning of each setting in the tables."""
    text = (TOP / "docs" / "settings.md").read_text("utf-8")
    found = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", text, re.MULTILINE)
    return {name: (default, meaning) for name, default, meaning in found}


def test_the_tables_of_settings_have_no_others() -> None:
    names = BookstoreSettings.class_trait_names(config=True)
    assert sorted(rows_of_settings()) == sorted(names)


def test_the_tables_of_settings_have_their_defaults() -> None:
    settings = BookstoreSettings()
    for name, (shown, _) in rows_of_settings().items():
        default, first = getattr(settings, name), shown.split()[0].strip("`")
        if default in ("", None):
            assert first in {"none", "empty"} or len(shown.split()) > 1, name
        elif not str(default).startswith("/"):  # a folder of the account
            assert first == str(default), name


def test_the_tables_of_settings_have_their_variables() -> None:
    variable = re.compile(r"JPYNB_[A-Z0-9_]+")
    for name, (_, meaning) in rows_of_settings().items():
        help = str(BookstoreSettings.class_traits()[name].help)
        assert variable.findall(meaning) == variable.findall(help), name


def test_tables_begin_and_end_with_an_empty_line() -> None:
    """A line without one would be shown as a row."""
    for path in DOCUMENTS:
        for before, line in pairwise(path.read_text("utf-8").split("\n")):
            if before.startswith("|") != line.startswith("|"):
                assert "" in (before, line), (path.name, before, line)


@cache
def options() -> dict[str, set[str]]:
    """Return the options of each verb."""
    return {
        name: {
            *OPTIONS_OF_ALL,
            *verb.flags,
            *(
                each
                for key in verb.aliases
                for each in (key if type(key) is tuple else [key])
            ),
        }
        for name, verb in all_verbs().items()
    }


def test_verbs_and_their_options_exist() -> None:
    for name, (verb, rest) in named(r"jupyter bookstore (\w+)([^`|\n]*)"):
        if verb != "VERB":
            assert verb in options(), name
            given = set(re.findall(r"(?<!\S)--([a-z][\w-]*)(?![\w.-])", rest))
            assert given - options()[verb] == set(), (name, verb)


@cache
def routes() -> list[tuple[str, re.Pattern[str]]]:
    """Return the method and a pattern of the path of each route and page."""
    app = create_app(BookstoreSettings(storage="local", local_root="/x", auth="none"))
    known = [
        (method, re.sub(r"<[^>]*>", ".+", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    ]
    known += [(method, path) for path in BY_SERVER for method in ("GET", "POST")]
    return [(method, re.compile(path + "/?")) for method, path in known]


def test_routes_exist() -> None:
    pattern = r"\b(GET|PUT|POST|DELETE) (/(?:api/)?bookstore[^\s`?]*[\w/}])"
    missing = [
        (name, method, path)
        for name, (method, path) in named(pattern)
        if not any(m == method and route.fullmatch(path) for m, route in routes())
    ]
    assert missing == []


def test_every_route_has_a_section_and_a_row_in_the_table_of_the_api() -> None:
    text = (TOP / "docs" / "api.md").read_text("utf-8")
    sections = re.findall(r"^## ([A-Z]+ /api/\S+)$", text, re.MULTILINE)
    assert re.findall(r"^\| \[`([A-Z]+ /api/\S+)`\]", text, re.MULTILINE) == sections
    app = create_app(BookstoreSettings(storage="local", local_root="/x", auth="none"))
    described = describe(app, by_server=True)["paths"]
    listed = {f"{way.upper()} {path}" for path in described for way in described[path]}
    other = {"publish/": "published/", "publish": "published/{path}"}
    other |= {"published": "published/{path}", "clone": "cloned"}
    for route in listed - {*sections}:
        start, name, path = re.fullmatch(r"(.*/)(\w+/?)(.*)", route).groups()
        assert f"{start}{other[name]}{path}" in sections, route


def test_targets_of_make_exist() -> None:
    makefile = (TOP / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    for name, words in named(r"(?:`|^)make ((?:[a-z0-9-]+ ?)+)"):
        assert set(words.split()) - targets == set(), name


def test_extras_exist() -> None:
    assert unknown(r"(bookstore(?:-\w+)?)\[(\w+)\]", extras()) == []


def extras() -> set[tuple[str, str]]:
    manifests = TOP.glob("packages/*/pyproject.toml")
    projects = [tomllib.loads(path.read_text("utf-8"))["project"] for path in manifests]
    return {
        (project["name"], extra)
        for project in projects
        for extra in project.get("optional-dependencies", {})
    }


def test_files_and_folders_exist() -> None:
    ours = r"(?:packages|docs|tests|ci|\.ci)/[\w./-]+|bookstore\w*/[\w./-]*"
    missing = [
        (name, path)
        for name, path in named(rf"`({ours}|[\w/-]+\.(?:md|toml|txt|example))`")
        if path not in ELSEWHERE and not any((base / path).exists() for base in BASES)
    ]
    assert missing == []
