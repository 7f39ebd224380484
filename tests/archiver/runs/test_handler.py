"""papermill reads versions and writes runs: its own code, on engines without kernel."""

import json
from typing import Any

import pytest
from nbclient.exceptions import DeadKernelError
from papermill import execute_notebook
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import list_notebook_files, papermill_io

from archiver.runs.conftest import (
    PATH,
    RUNS,
    SOURCE,
    Config,
    content_of,
    notebook,
    runs_in,
)
from bookstore_archiver.runs.handler import handler
from bookstore_core.errors import (
    BookstoreError,
    ConfigurationError,
    InvalidRequestError,
    VersionNotFoundError,
)
from bookstore_core.runs.markers import runs_of
from bookstore_core.runs.run import Run
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version, VersionStore
from core.saving import save

pytestmark = pytest.mark.usefixtures("saved")
IN, OUT = f"bookstore://workspace/{PATH}", f"bookstore://workspace/runs/{PATH}"


def papermill(
    source: str = IN, target: str = OUT, *, month: int = 6, **options: Any
) -> None:
    known = {"engine_name": "scripted", "progress_bar": False, **options}
    execute_notebook(source, target, {"month": month}, **known)


def run_in(version: Version) -> Run:
    assert version.metadata is not None
    assert version.metadata.run is not None
    return version.metadata.run


def test_papermill_finds_the_handler_by_itself() -> None:
    assert papermill_io.get_handler(IN) is handler


def test_only_the_finished_notebook_becomes_a_version(
    kept: VersionStore, saved: Version
) -> None:
    papermill()
    [version] = runs_in(kept)
    run = run_in(version)
    assert (run.of, run.version) == (SOURCE, saved.version_id)
    assert (run.outcome, run.parameters, run.error) == ("completed", {"month": 6}, "")
    cells = content_of(kept, version)["cells"]
    assert [cell["metadata"]["papermill"]["status"] for cell in cells] == (
        ["completed"] * 3
    )


def test_the_run_is_in_the_list_of_the_notebooks_runs(
    kept: VersionStore, settings: BookstoreSettings
) -> None:
    for month in (6, 7):
        papermill(month=month)
    found = runs_of(kept, settings, SOURCE).runs
    assert [run_in(version).parameters for version in found] == [
        {"month": 7},
        {"month": 6},
    ]


def test_a_failed_run_is_kept_once_with_the_error_that_papermill_shows(
    kept: VersionStore,
) -> None:
    with pytest.raises(PapermillExecutionError):
        papermill(f"{IN}?version=@1")
    [version] = runs_in(kept)
    run = run_in(version)
    assert run.outcome == "failed"
    assert run.error == "ZeroDivisionError: division by zero"
    first = content_of(kept, version)["cells"][0]
    assert first["metadata"]["tags"] == ["papermill-error-cell-tag"]


def test_a_run_whose_kernel_dies_is_kept_as_failed(kept: VersionStore) -> None:
    save(kept, notebook("die"), key=SOURCE)
    with pytest.raises(DeadKernelError):
        papermill()
    [version] = runs_in(kept)
    assert run_in(version).outcome == "failed"
    assert run_in(version).error == "DeadKernelError: Kernel died"


def test_a_run_within_the_handling_of_another_error_is_completed(
    kept: VersionStore,
) -> None:
    try:
        raise ValueError("This came before.")
    except ValueError:
        papermill()
    assert run_in(runs_in(kept)[0]).outcome == "completed"


def test_without_saves_in_between_the_finished_notebook_is_kept(
    kept: VersionStore,
) -> None:
    papermill(request_save_on_cell_execute=False)
    assert [run_in(version).outcome for version in runs_in(kept)] == ["completed"]


def test_a_notebook_that_is_only_prepared_is_a_version_but_no_run(
    kept: VersionStore,
) -> None:
    papermill(prepare_only=True)
    [version] = runs_in(kept)
    assert version.metadata is not None
    assert version.metadata.run is None


def test_a_run_can_be_run_again(kept: VersionStore) -> None:
    papermill()
    papermill(OUT, OUT, month=9)
    newest, oldest = runs_in(kept)
    assert run_in(newest).of == RUNS
    assert run_in(newest).version == oldest.version_id
    assert run_in(newest).parameters == {"month": 9}


def test_a_notebook_from_elsewhere_runs_of_no_known_version(
    kept: VersionStore, tmp_path: Any
) -> None:
    local = tmp_path / "local.ipynb"
    local.write_bytes(notebook("1"))
    papermill(str(local))
    assert (run_in(runs_in(kept)[0]).of, run_in(runs_in(kept)[0]).version) == ("", "")


def test_a_run_trusts_nothing(kept: VersionStore) -> None:
    cells = json.loads(notebook("1"))
    for cell in cells["cells"]:
        cell["metadata"]["trusted"] = True
    save(kept, json.dumps(cells).encode(), key=SOURCE)
    papermill()
    text = json.dumps(content_of(kept, runs_in(kept)[0]))
    assert "trusted" not in text


def test_equal_runs_one_after_the_other_are_all_kept(
    kept: VersionStore, config: Config
) -> None:
    config(min_interval=60, skip_unchanged=True)
    for _ in range(3):
        papermill()
    assert len(runs_in(kept)) == 3


def test_a_parameter_that_json_lacks_leaves_a_notebook_that_is_json(
    kept: VersionStore,
) -> None:
    options = {"engine_name": "scripted", "progress_bar": False}
    execute_notebook(IN, OUT, {"x": float("nan")}, **options)
    content = content_of(kept, runs_in(kept)[0])
    assert content["metadata"]["papermill"]["parameters"] == {"x": "nan"}


@pytest.mark.parametrize(
    ("name", "error"),
    [
        (f"{IN}?version=nope", VersionNotFoundError),
        (f"{IN}?version=@7", VersionNotFoundError),
        ("bookstore://workspace/none.ipynb", BookstoreError),
        ("bookstore://workspace/../x.ipynb", InvalidRequestError),
        ("bookstore://nowhere/x.ipynb", InvalidRequestError),
        (f"{IN}?other=1", InvalidRequestError),
    ],
)
def test_what_is_not_there_is_not_run(
    kept: VersionStore, name: str, error: type[BookstoreError]
) -> None:
    with pytest.raises(error):
        papermill(name)
    assert runs_in(kept) == []


@pytest.mark.parametrize(
    "name",
    [
        f"{OUT}?version=@1",
        "bookstore://workspace/a/../x.ipynb",
        "bookstore://workspace/x.json",
        "bookstore://workspace/.bookstore/x.ipynb",
    ],
)
def test_a_place_where_nothing_can_be_kept_is_refused_before_anything_runs(
    name: str, config: Config
) -> None:
    with pytest.raises(InvalidRequestError):
        papermill(target=name)


def test_without_a_store_nothing_runs(config: Config) -> None:
    config(storage="s3", s3_bucket="", local_root="")
    with pytest.raises(ConfigurationError):
        papermill()


def test_a_folder_lists_notebooks_and_folders(kept: VersionStore) -> None:
    save(kept, notebook(), key="workspace/reports/100%.ipynb")
    assert papermill_io.listdir("bookstore://workspace/") == [
        "bookstore://workspace/reports/"
    ]
    assert list_notebook_files("bookstore://workspace/reports") == [
        "bookstore://workspace/reports/100%25.ipynb",
        IN,
    ]
    assert papermill_io.pretty_path(f"{IN}?version=%401") == f"{IN}?version=@1"
