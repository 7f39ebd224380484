"""What will be uploaded: sdists and wheels, their metadata, the changelog."""

import re
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from packaging.metadata import Metadata
from packaging.version import Version

from harness.notebook_server import TOP
from harness.wheels import DISTRIBUTIONS, wheel_of

pytestmark = pytest.mark.release
each_distribution = pytest.mark.parametrize("distribution", DISTRIBUTIONS)


def metadata_of(built: Path, distribution: str) -> str:
    with zipfile.ZipFile(wheel_of(built, distribution)) as wheel:
        (name,) = [n for n in wheel.namelist() if n.endswith(".dist-info/METADATA")]
        return wheel.read(name).decode()


def parsed(built: Path, distribution: str) -> Message:
    return Parser().parsestr(metadata_of(built, distribution))


def test_there_is_an_sdist_and_a_wheel_of_each_and_nothing_else(
    built: Path, version: str
) -> None:
    names = {path.name for path in built.iterdir()} - {".gitignore"}
    assert names == {
        f"{distribution}-{version}{kind}"
        for distribution in DISTRIBUTIONS
        for kind in (".tar.gz", "-py3-none-any.whl")
    }


def test_the_changelog_has_the_version_with_its_date(version: str) -> None:
    changelog = (TOP / "CHANGELOG.md").read_text("utf-8")
    heading = rf"^## {re.escape(version)} \((.*)\)$"
    dates = re.findall(heading, changelog, re.MULTILINE)
    known = "unreleased" if Version(version).is_devrelease else r"\d{4}-\d\d-\d\d"
    assert len(dates) == 1, f"CHANGELOG.md has no heading '## {version} (DATE)'."
    assert re.fullmatch(known, dates[0])


@each_distribution
def test_metadata_is_valid(built: Path, distribution: str, version: str) -> None:
    metadata = Metadata.from_email(metadata_of(built, distribution), validate=True)
    assert str(metadata.version) == version
    assert metadata.summary
    assert metadata.license_expression == "BSD-3-Clause"
    assert metadata.license_files == ["LICENSE"]


@each_distribution
def test_the_licence_is_in_wheel_and_sdist(built: Path, distribution: str) -> None:
    text = (TOP / "LICENSE").read_bytes()
    with zipfile.ZipFile(wheel_of(built, distribution)) as wheel:
        (name,) = [n for n in wheel.namelist() if n.endswith("licenses/LICENSE")]
        assert wheel.read(name) == text
    (path,) = built.glob(f"{distribution}-[0-9]*.tar.gz")
    with tarfile.open(path) as sdist:
        (member,) = [m for m in sdist.getmembers() if m.name.endswith("/LICENSE")]
        file = sdist.extractfile(member)
        assert file is not None
        assert file.read() == text


@each_distribution
def test_the_readme_renders_and_has_no_link_into_the_checkout(
    built: Path, distribution: str
) -> None:
    metadata = parsed(built, distribution)
    assert metadata["Description-Content-Type"] == "text/markdown"
    html = MarkdownIt("commonmark").render(metadata.get_payload())
    assert html.startswith(f"<h1>{distribution.replace('_', '-')}</h1>")
    targets = re.findall(r'(?:href|src)="([^"]*)"', html)
    assert [target for target in targets if "://" not in target] == []
