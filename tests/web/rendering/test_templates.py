"""The templates that versions are rendered with: none of the current directory."""

from pathlib import Path

import pytest

from bookstore_web.rendering.exporter import VersionExporter


def test_templates_in_the_current_directory_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "notebooks"
    (here / "basic").mkdir(parents=True)
    monkeypatch.chdir(here)
    paths = map(Path, VersionExporter().template_paths)
    assert not [path for path in paths if path.absolute().is_relative_to(here)]
