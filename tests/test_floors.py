"""The lowest versions of dependencies; `make test-floors` runs tests with them."""

import tomllib

from packaging.requirements import Requirement
from packaging.version import Version

from harness.notebook_server import TOP

#: The first version without a known vulnerability, and its last advisory.
SAFE = {
    "filelock": ("3.20.3", "CVE-2026-22701"),
    "flask": ("3.1.3", "CVE-2026-27205"),
    "gunicorn": ("23.0", "CVE-2024-6827"),
    "jinja2": ("3.1.6", "CVE-2025-27516"),
    "jupyter-core": ("5.8.1", "CVE-2025-30167"),
    "marshmallow": ("4.1.2", "CVE-2025-68480"),
    "mistune": ("3.3.3", "CVE-2026-49851, and others in 3.3.x"),
    "nbconvert": ("7.17.1", "CVE-2026-39378"),
    "pygments": ("2.20", "CVE-2026-4539"),
    "tornado": ("6.5.8", "GHSA-78cv-mqj4-43f7"),
    "tqdm": ("4.66.3", "CVE-2024-34062"),
    "urllib3": ("2.7.0", "CVE-2026-44432"),
    "werkzeug": ("3.1.6", "CVE-2026-27199"),
}


def floors() -> dict[str, Version]:
    """Return the lowest version of each dependency of our packages."""
    found: dict[str, Version] = {}
    for path in sorted((TOP / "packages").glob("*/pyproject.toml")):
        project = tomllib.loads(path.read_text())["project"]
        extras = project.get("optional-dependencies", {}).values()
        for line in [
            *project["dependencies"],
            *(dep for deps in extras for dep in deps),
        ]:
            requirement = Requirement(line)
            if requirement.name.startswith("bookstore"):
                continue
            (specifier,) = requirement.specifier
            assert specifier.operator == ">=", line
            version = Version(specifier.version)
            assert found.setdefault(requirement.name, version) == version, line
    return found


def test_every_dependency_has_one_floor_and_no_ceiling() -> None:
    assert len(floors()) > 15


def test_no_floor_admits_a_version_with_a_known_advisory() -> None:
    found = floors()
    low = [
        f"{name} {found[name]}: {advisory}"
        for name, (safe, advisory) in SAFE.items()
        if found[name] < Version(safe)
    ]
    assert low == []
