"""The rules of the house, checked: who imports whom, how long things are, versions."""

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
PACKAGES = TOP / "packages"
MODULES = sorted(PACKAGES.glob("*/src/**/*.py"))

#: What each of our packages may import of the others.
ALLOWED = {
    # Its errors alone: see `test_the_client_installs_nothing_of_ours`.
    "bookstore_client": {"bookstore_core"},
    "bookstore_core": set(),
    "bookstore_archiver": {"bookstore_core"},
    "bookstore_web": {"bookstore_core"},
    "bookstore": {
        "bookstore_client",
        "bookstore_core",
        "bookstore_archiver",
        "bookstore_web",
    },
}


def package_of(module: Path) -> str:
    return module.relative_to(PACKAGES).parts[2]


@cache
def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_text("utf-8"))


@cache
def imports_of(module: Path) -> tuple[str, ...]:
    """Return the full names of all that a module imports, wherever in it."""
    names: list[str] = []
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            assert node.module
            names.append(node.module)
    return tuple(names)


def named(module: Path) -> str:
    return str(module.relative_to(PACKAGES))


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_a_package_imports_only_what_it_may(module: Path) -> None:
    ours = {name.partition(".")[0] for name in imports_of(module)} & set(ALLOWED)
    assert ours - {package_of(module)} <= ALLOWED[package_of(module)]


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_core_knows_no_server_and_no_http(module: Path) -> None:
    if package_of(module) == "bookstore_core":
        roots = {name.partition(".")[0] for name in imports_of(module)}
        assert not roots & {"tornado", "flask", "jupyter_server", "notebook"}


def test_the_client_installs_nothing_of_ours() -> None:
    importers = [
        named(module)
        for module in MODULES
        if package_of(module) == "bookstore_client"
        and any(name.startswith("bookstore_core") for name in imports_of(module))
    ]
    assert importers == ["bookstore-client/src/bookstore_client/errors.py"]
    needed = manifests()["bookstore-client"]["dependencies"]
    assert [name.partition(">")[0] for name in needed] == ["jupyter-core", "urllib3"]  # type: ignore[attr-defined]


def test_botocore_is_imported_in_five_modules_only() -> None:
    importers = [
        named(module)
        for module in MODULES
        if any(name.partition(".")[0] == "botocore" for name in imports_of(module))
    ]
    folder = "bookstore-core/src/bookstore_core/stores/s3"
    lean = ("lean/client", "lean/requests")
    allowed = ("client", "connection", "credentials", *lean)
    assert importers == [f"{folder}/{name}.py" for name in allowed]


@cache
def file_of(name: str) -> Path | None:
    """Return the file of one of our modules; None for anything else."""
    source = PACKAGES / name.partition(".")[0].replace("_", "-") / "src"
    path = source / name.replace(".", "/")
    if (path / "__init__.py").exists():
        return path / "__init__.py"
    return path.with_suffix(".py") if path.with_suffix(".py").exists() else None


@cache
def names_in(module: Path) -> tuple[str, ...]:
    """Return what a module imports, wherever in it, and from there by what name."""
    return tuple(_names_in(module))


def _names_in(module: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            # A module of a package is imported by the same words as a name of it.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def roots_reached(module: Path) -> set[str]:
    """Return the packages that importing a module brings in through our own modules."""
    seen: set[Path] = set()
    roots: set[str] = set()
    waiting = [module]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        for name in names_in(current):
            roots.add(name.partition(".")[0])
            found = file_of(name)
            waiting += [found] if found else []
    return roots


WEB = PACKAGES / "bookstore-web" / "src" / "bookstore_web"
#: What the modules of each folder, or one module, must never reach.
APART = {
    "server": {"flask"},
    "app": {"tornado"},
    "gunicorn_conf.py": {"tornado"},
    "gunicorn_launched.py": {"tornado"},
    "counts.py": {"flask", "tornado"},
    "confined": {"flask", "tornado"},
    "contents": {"flask", "tornado"},
    "sharing": {"flask", "tornado"},
    "catalogue": {"flask", "tornado"},
    "cli": {"flask", "tornado"},
    "library": {"flask", "tornado"},
    "versions": {"flask", "tornado"},
    "rendering": {"flask", "tornado"},
    "fields.py": {"flask", "tornado"},
    "json_logs.py": {"flask", "tornado"},
    "lean_gunicorn.py": {"tornado"},
    "slim.py": {"flask", "tornado"},
    "wire.py": {"flask", "tornado"},
}


@pytest.mark.parametrize(
    "module",
    [module for module in MODULES if module.is_relative_to(WEB)],
    ids=named,
)
def test_the_web_package_keeps_flask_and_tornado_apart(module: Path) -> None:
    room = module.relative_to(WEB).parts[0]
    if room == "__init__.py":
        return  # each of its functions imports one side, when it is called
    assert not roots_reached(module) & APART[room]


def test_pages_do_not_import_the_api() -> None:
    for module in sorted((WEB / "app" / "pages").glob("*.py")):
        names = set(names_in(module))
        assert not [name for name in names if name.startswith("bookstore_web.app.api")]


def test_a_verb_is_in_a_module_of_its_name() -> None:
    for package, project in manifests().items():
        verbs = project.get("entry-points", {}).get("bookstore.commands", {})
        root = package.replace("-", "_")
        for verb, target in verbs.items():
            assert target.startswith(f"{root}.cli.{verb}:"), verb


#: Names of routes that are not those of their modules: documented ones, and details.
OTHER_NAMES = {
    "cloned": "clone",
    "fs-clone": "clone",
    "published": "publish",
    "unpublish": "publish",
    "drain": "home",
    "version": "versions",
    "diff/image": "diff",
    "clone/content": "frame",
    "fs-clone/content": "frame",
    "openapi.json": "openapi",
    "healthz": "state",
}


def test_a_route_and_a_page_are_in_a_module_of_their_name() -> None:
    from bookstore_core.settings import BookstoreSettings
    from bookstore_web import create_app

    app = create_app(BookstoreSettings(storage="local", local_root="/nowhere"))
    for rule in app.url_map.iter_rules():
        if rule.endpoint in {"static", "shared.static"}:
            continue
        module = app.view_functions[rule.endpoint].__module__
        alone = ("/api/bookstore/store/", "/api/bookstore/events/")
        if f"{rule.rule}/".startswith(alone):
            assert module.startswith("bookstore_web.app.store."), rule.rule
            continue
        room, _, stem = module.removeprefix("bookstore_web.app.").partition(".")
        api = rule.rule.startswith("/api/")
        top = "/api/bookstore" if api else "/bookstore"
        name = rule.rule.removeprefix(top).strip("/").partition("/<")[0]
        other = {**OTHER_NAMES, "runs": "versions"} if api else OTHER_NAMES
        expected = other.get(name, name) or ("state" if api else "home")
        assert stem == ("frame" if name.startswith("view/") else expected), rule.rule
        # What 2.x documents as GET of the API is a page.
        is_page = not api or (name == "cloned" and "GET" in (rule.methods or ()))
        assert room == ("pages" if is_page else "api"), rule.rule


def test_every_route_has_a_line_that_says_who_may_send_it() -> None:
    from bookstore_core.settings import BookstoreSettings
    from bookstore_web import create_app
    from harness.service_routes import LINES

    app = create_app(BookstoreSettings(storage="local", local_root="/nowhere"))
    found = {
        (f"{method} {rule.endpoint}", rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    sent = app.url_map.bind("localhost")
    walked = {
        (name, sent.match(path, method=name.split()[0], return_rule=True)[0].rule)
        for name, lines in LINES.items()
        for path in {line.path.partition("?")[0] for line in lines}
        if not name.startswith("GET hub.")
    }
    assert found == walked


#: A folder with more modules asks for a folder within it.
MOST_MODULES = 13


def folders() -> list[Path]:
    """Return the folders that hold modules of ours."""
    return sorted({module.parent for module in MODULES})


def stems(folder: Path) -> list[str]:
    names = sorted(path.stem for path in folder.glob("*.py"))
    return [name for name in names if not name.startswith("__")]


@pytest.mark.parametrize("folder", folders(), ids=named)
def test_a_folder_holds_few_modules_and_no_prefix_thrice(folder: Path) -> None:
    names = stems(folder)
    assert len(names) <= MOST_MODULES
    prefixes = Counter(name.partition("_")[0] for name in names if "_" in name)
    assert [prefix for prefix, number in prefixes.items() if number >= 3] == []


@pytest.mark.parametrize("folder", folders(), ids=named)
def test_a_folder_says_what_happens_in_it(folder: Path) -> None:
    tree = ast.parse((folder / "__init__.py").read_text("utf-8"))
    assert ast.get_docstring(tree)


#: Words of the field that end so.
NOUNS = {"pending", "timing"}


def test_modules_are_named_for_things() -> None:
    names = [name for folder in folders() for name in stems(folder)]
    assert [name for name in names if name.endswith("ing") and name not in NOUNS] == []


@pytest.mark.parametrize("folder", folders(), ids=named)
def test_contributing_has_a_row_for_each_folder(folder: Path) -> None:
    table = (TOP / "CONTRIBUTING.md").read_text("utf-8")
    where = named(folder).partition("/src/")[2]
    assert re.search(rf"^\| `{re.escape(where)}/` \| \S", table, re.MULTILINE)


def imported_when_loaded(module: Path) -> Iterator[str]:
    """Yield what a module imports at its top level."""
    for node in tree_of(module).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {
        module: {
            found for name in imported_when_loaded(module) if (found := file_of(name))
        }
        for module in MODULES
    }
    for package in [module for module in MODULES if module.stem == "__init__"]:
        # Its modules import it by being in it: what it re-exports is no circle.
        graph[package] = set()
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_modules_and_functions_are_short(module: Path) -> None:
    text = module.read_text("utf-8")
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = node.end_lineno - body[0].lineno + 1 if body else 0
            assert lines <= 40, f"{node.name} has {lines} lines"


def test_modules_of_tests_are_short() -> None:
    lengths = {
        path: len(path.read_text("utf-8").splitlines())
        for path in Path(__file__).parent.rglob("*.py")
    }
    assert lengths
    assert {path for path, lines in lengths.items() if lines > 400} == set()


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_every_module_and_public_function_has_a_docstring(module: Path) -> None:
    tree = tree_of(module)
    assert ast.get_docstring(tree), "the module"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            assert node.name.startswith("_") or ast.get_docstring(node), node.name


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "helpers", "common", "misc"}
    found = [named(module) for module in MODULES if module.stem in drawers]
    # A name of 2.x.
    assert found == ["bookstore/src/bookstore/utils.py"]


def manifests() -> dict[str, dict[str, object]]:
    return {
        path.parent.name: tomllib.loads(path.read_text("utf-8"))["project"]
        for path in PACKAGES.glob("*/pyproject.toml")
    }


def test_all_distributions_have_one_version_and_pin_each_other_to_it() -> None:
    projects = manifests()
    versions = {project["version"] for project in projects.values()}
    assert len(projects) == 5
    assert len(versions) == 1
    version = versions.pop()
    for project in projects.values():
        for requirement in project["dependencies"]:  # type: ignore[attr-defined]
            if requirement.startswith("bookstore"):
                assert requirement.endswith(f"=={version}")


def test_constraints_are_names_and_versions_only() -> None:
    lines = (TOP / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", pin) for pin in pins)


def test_every_setting_is_documented_and_in_the_example() -> None:
    from bookstore_core.settings import BookstoreSettings

    documented = (TOP / "docs" / "settings.md").read_text("utf-8")
    example = (TOP / "jupyter_config.py.example").read_text("utf-8")
    names = BookstoreSettings.class_trait_names(config=True)
    assert not [name for name in names if f"`{name}`" not in documented]
    given = re.findall(r"^# c\.BookstoreSettings\.(\w+) = ", example, re.MULTILINE)
    assert sorted(given) == sorted(names)
