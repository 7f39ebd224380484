"""A bucket that bookstore 2.x wrote: plain objects under the documented keys."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.command import Run
from harness.config_files import settings_lines
from harness.notebook_server import notebook
from harness.s3_server import S3Server

NAME = "kylek/notebooks"
KEY = f"workspace/{NAME}/reports/mine.ipynb"
PUBLISHED = f"published/{NAME}/mine.ipynb"

Put = Callable[..., str]


@pytest.fixture
def put(s3_server: S3Server, bucket: str) -> Put:
    """Write as 2.x does: without metadata, over what is there."""
    client = s3_server.client()

    def put_object(key: str, *sources: str) -> str:
        body = json.dumps(notebook(*sources))
        answer = client.put_object(Bucket=bucket, Key=key, Body=body)
        found: str = answer["VersionId"]
        return found

    return put_object


@pytest.fixture
def there(s3_server: S3Server, bucket: str, put: Put, run: Run, tmp_path: Path) -> Run:
    """Run commands with the settings that 2.x documents, in the root directory."""
    (tmp_path / "config").mkdir()
    config = settings_lines(
        **s3_server.settings(bucket),
        workspace_prefix=f"/workspace/{NAME}",
        published_prefix=f"/published/{NAME}",
        spool_dir=str(tmp_path / "spool"),
    )
    config += f"c.NotebookApp.notebook_dir = {str(tmp_path)!r}\n"
    (tmp_path / "config" / "jupyter_notebook_config.py").write_text(config)
    for source in ("first", "second", "third"):
        put(KEY, source)
    put(PUBLISHED, "polished")
    return run


PATH = "reports/mine.ipynb"


def listed(run: Run) -> list[dict[str, Any]]:
    """Return the versions of the notebook, newest first."""
    found: list[dict[str, Any]] = json.loads(run("versions", PATH, "--json").out)[
        "versions"
    ]
    return found


def test_versions_of_2_are_listed_shown_compared_and_labelled(there: Run) -> None:
    assert [version["name"] for version in listed(there)] == ["@0", "@1", "@2"]
    shown = json.loads(there("show", PATH, "@2", "--json").out)
    assert '"first"' in json.dumps(shown)
    assert "+ third" in there("diff", PATH, "@1", "@0").out
    assert there("label", PATH, "@1", "as sent").code == 0
    assert listed(there)[1]["label"]["name"] == "as sent"


def test_a_version_of_2_is_restored(there: Run, tmp_path: Path) -> None:
    assert there("restore", PATH, "@1").code == 0
    cells = json.loads((tmp_path / PATH).read_text())["cells"]
    assert [cell["source"] for cell in cells] == ["second"]
    assert len(listed(there)) == 4


def test_what_2_published_is_cloned(there: Run, tmp_path: Path) -> None:
    assert there("clone", PUBLISHED, "--to=copy.ipynb").code == 0
    cells = json.loads((tmp_path / "copy.ipynb").read_text())["cells"]
    assert [cell["source"] for cell in cells] == ["polished"]


def test_saves_of_2_and_ours_beside_each_other_are_one_history(
    there: Run, tmp_path: Path, put: Put
) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / PATH).write_text(json.dumps(notebook("ours")))
    assert there("backfill", PATH).code == 0
    newest = put(KEY, "theirs")
    known = listed(there)
    assert len(known) == 5
    assert known[0]["version_id"] == newest
    assert "- theirs\n+ ours" in there("diff", PATH).out
