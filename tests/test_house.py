"""The rules of the house, checked: who imports whom, how long things are, versions."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[1]
PACKAGES = TOP / "packages"
MODULES = sorted(PACKAGES.glob("*/src/**/*.py"))

#: What each of our packages may import of the others.
ALLOWED = {
    "bookstore_core": set(),
    "bookstore_archiver": {"bookstore_core"},
    "bookstore_web": {"bookstore_core"},
    "bookstore": {"bookstore_core", "bookstore_archiver", "bookstore_web"},
}


def package_of(module: Path) -> str:
    return module.relative_to(PACKAGES).parts[2]


def imports_of(module: Path) -> Iterator[str]:
    """Yield the full names of all that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            assert node.module
            yield node.module


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


def test_botocore_is_imported_in_one_module_only() -> None:
    importers = [
        named(module)
        for module in MODULES
        if any(name.partition(".")[0] == "botocore" for name in imports_of(module))
    ]
    assert importers == ["bookstore-core/src/bookstore_core/stores/s3/connection.py"]


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
        for name in imports_of(current):
            roots.add(name.partition(".")[0])
            source = current.parents[len(current.relative_to(PACKAGES).parts) - 3]
            path = source / (name.replace(".", "/") + ".py")
            waiting += [path] if path.exists() else []
    return roots


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("server/extension", "flask"),
        ("server/handlers", "flask"),
        ("gunicorn_conf", "tornado"),
        ("app/factory", "tornado"),
        ("wire", "tornado"),
        ("wire", "flask"),
    ],
)
def test_the_web_package_keeps_flask_and_tornado_apart(module: str, never: str) -> None:
    web = PACKAGES / "bookstore-web" / "src" / "bookstore_web"
    assert never not in roots_reached(web / f"{module}.py")


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


@pytest.mark.parametrize("module", MODULES, ids=named)
def test_every_module_and_public_function_has_a_docstring(module: Path) -> None:
    tree = ast.parse(module.read_text("utf-8"))
    assert ast.get_docstring(tree), "the module"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            assert node.name.startswith("_") or ast.get_docstring(node), node.name


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "helpers", "common", "misc"}
    assert not [named(module) for module in MODULES if module.stem in drawers]


def manifests() -> dict[str, dict[str, object]]:
    return {
        path.parent.name: tomllib.loads(path.read_text("utf-8"))["project"]
        for path in PACKAGES.glob("*/pyproject.toml")
    }


def test_all_distributions_have_one_version_and_pin_each_other_to_it() -> None:
    projects = manifests()
    versions = {project["version"] for project in projects.values()}
    assert len(projects) == 4
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


def test_every_setting_is_documented() -> None:
    from bookstore_core.settings import BookstoreSettings

    documented = (TOP / "docs" / "settings.md").read_text("utf-8")
    names = BookstoreSettings.class_trait_names(config=True)
    assert not [name for name in names if f"`{name}`" not in documented]
