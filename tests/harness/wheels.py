"""Our distributions: built from the checkout, and installed into clean environments."""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

from harness.notebook_server import TOP, Generation

DISTRIBUTIONS = (
    "bookstore_client",
    "bookstore_core",
    "bookstore_archiver",
    "bookstore_web",
    "bookstore",
)

#: pip needs minutes on a busy machine where this needs seconds.
UV = Path(sys.executable).with_name("uv")
#: That of the person who runs the tests: a test has another home.
CACHE = Path.home() / ".cache" / "uv"


def source_of(distribution: str) -> Path:
    """Return the folder of a distribution in the checkout."""
    return TOP / "packages" / distribution.replace("_", "-")


def build(folder: Path, *options: str) -> None:
    """Build all distributions; without options sdists, and from these the wheels."""
    for name in DISTRIBUTIONS:
        command = [sys.executable, "-m", "build", "--no-isolation", *options]
        subprocess.run(
            [*command, "--outdir", str(folder), str(source_of(name))],
            check=True,
            capture_output=True,
        )


def wheel_of(wheelhouse: Path, distribution: str) -> Path:
    """Return the wheel of a distribution; `bookstore` is no prefix of the others'."""
    (wheel,) = wheelhouse.glob(f"{distribution}-[0-9]*.whl")
    return wheel


def names_in(wheelhouse: Path, distribution: str) -> set[str]:
    """Return the names of the files in a wheel."""
    with zipfile.ZipFile(wheel_of(wheelhouse, distribution)) as archive:
        return set(archive.namelist())


def clean_environment(folder: Path, *requirements: str, wheelhouse: Path) -> Path:
    """Return a new environment's bin directory, with the requirements installed."""
    subprocess.run(
        [UV, "venv", "--quiet", "--python", sys.executable, folder], check=True
    )
    install = ["pip", "install", "--quiet", "--prerelease=allow", *requirements]
    known = [f"--constraint={TOP / 'constraints.txt'}", f"--find-links={wheelhouse}"]
    subprocess.run(
        [UV, *install, *known, f"--python={folder}", f"--cache-dir={CACHE}"],
        check=True,
        capture_output=True,
    )
    return folder / "bin"


def front_ends_of(generation: Generation) -> list[str]:
    """Return the front ends of a generation, as in its development environment."""
    groups = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))
    known = groups["dependency-groups"][generation]
    wanted = ("notebook==", "jupyterlab==", "jupyter-client==", "ipykernel==", "setup")
    return [line for line in known if isinstance(line, str) and line.startswith(wanted)]
