"""The recipes in docs/scheduling.md that need no process of their own."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import papermill
import pytest
from nbconvert import get_exporter
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from archiver.runs.conftest import PATH, SOURCE, Scripted, notebook, runs_in
from bookstore_core.stores import Label, Version, VersionStore
from core.saving import save
from harness.command import Run
from harness.notebook_server import TOP

TEXT = (TOP / "docs" / "scheduling.md").read_text()


def block(kind: str, word: str) -> str:
    """Return the block of a kind with a word in it."""
    found = re.findall(rf"^```{kind}\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    (text,) = [text for text in found if word in text]
    return str(text)


@pytest.fixture(autouse=True)
def default_engine() -> Iterator[None]:
    papermill_engines.register(None, Scripted)
    yield
    papermill_engines.register(None, NBClientEngine)


@pytest.fixture
def sent(kept: VersionStore) -> Version:
    """A version that is labelled as in the recipes; a newer one would fail."""
    version = save(kept, notebook("print(month)"), key=SOURCE)
    kept.set_label(SOURCE, version.version_id, Label("as sent"))
    save(kept, notebook("1/0"), key=SOURCE)
    return version


def check_run(kept: VersionStore, sent: Version, **parameters: Any) -> None:
    (version,) = runs_in(kept)
    run = version.metadata.run if version.metadata else None
    assert run is not None
    assert (run.of, run.version) == (SOURCE, sent.version_id)
    assert (run.outcome, run.parameters) == ("completed", parameters)


def unit(text: str) -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


def test_the_unit_runs_the_version_that_it_names(
    run: Run, kept: VersionStore, sent: Version, tmp_path: Path
) -> None:
    service = unit(block("ini", "ExecStart"))["Service"]
    program, *words = shlex.split(service["ExecStart"])
    assert program.endswith("/bin/jupyter")
    assert words[:2] == ["bookstore", "run"]
    done = run(*words[1:], f"--root-dir={tmp_path}")
    assert done.code == 0, done.err
    check_run(kept, sent, month=6)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    program = tmp_path / "venv" / "bin" / "jupyter"
    program.parent.mkdir(parents=True)
    program.symlink_to(sys.executable)
    for word in ("ExecStart", "OnCalendar"):
        text = block("ini", word)
        name = text.partition("\n")[0].removeprefix("# ")
        (tmp_path / name).write_text(text.replace("%h", str(tmp_path)))
    units = [str(tmp_path / f"june.{kind}") for kind in ("service", "timer")]
    command = ["systemd-analyze", "verify", "--man=no", *units]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = [line for line in done.stderr.splitlines() if "june." in line]
    assert found == []


def module(name: str, **members: Any) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(members)
    return made


def test_airflow_gives_papermill_addresses(
    kept: VersionStore, sent: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PapermillOperator(SimpleNamespace):
        """Does what that of Airflow does with its arguments."""

        def execute(self) -> None:
            papermill.execute_notebook(
                self.input_nb,
                self.output_nb,
                parameters=self.parameters,
                progress_bar=False,
                report_mode=True,
                log_output=False,
                kernel_name=self.kernel_name,
                language=None,
                engine_name=None,
            )

    name = "airflow.providers.papermill.operators.papermill"
    operators = module(name, PapermillOperator=PapermillOperator)
    monkeypatch.setitem(sys.modules, name, operators)
    found: dict[str, Any] = {}
    exec(block("python", "PapermillOperator"), found)  # noqa: S102  # our own document
    found["june"].execute()
    check_run(kept, sent, month=6)


class Job:
    """A job of jupyter-scheduler: its staged copy, and what it does with one."""

    def __init__(self, staged: Path, **parameters: str) -> None:
        self.staging_paths = {"input": str(staged)}
        self.model = SimpleNamespace(parameters=parameters)
        self.outputs: list[str] = []

    def create_output_files(self, job: Any, node: Any) -> None:
        self.outputs.append(get_exporter("html")().from_notebook_node(node)[0])


class Scheduler:
    """Copies files as that of jupyter-scheduler does."""

    def __init__(self, root_dir: Path) -> None:
        self.root_dir = str(root_dir)

    def copy_input_file(self, input_uri: str, copy_to_path: str) -> None:
        shutil.copy(Path(self.root_dir, input_uri), copy_to_path)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The module of the recipe, with doubles of what it extends."""
    name = "jupyter_scheduler"
    executors = module(f"{name}.executors", DefaultExecutionManager=Job)
    scheduler = module(f"{name}.scheduler", Scheduler=Scheduler)
    for made in (module(name), executors, scheduler):
        monkeypatch.setitem(sys.modules, made.__name__, made)
    found: dict[str, Any] = {}
    exec(block("python", "class BookstoreScheduler"), found)  # noqa: S102  # ours
    return found


@pytest.fixture
def staged(tmp_path: Path) -> Callable[[str], Path]:
    (tmp_path / "root" / PATH).parent.mkdir(parents=True)
    (tmp_path / "root" / PATH).write_text("{}")

    def stage(name: str) -> Path:
        (tmp_path / name).mkdir()
        return tmp_path / name / "june.ipynb"

    return stage


def test_a_job_runs_the_version_of_the_time_when_its_schedule_was_made(
    jobs: dict[str, Any],
    kept: VersionStore,
    tmp_path: Path,
    staged: Callable[[str], Path],
) -> None:
    first = save(kept, notebook("print(month)"), key=SOURCE)
    scheduler = jobs["BookstoreScheduler"](tmp_path / "root")
    scheduler.copy_input_file(PATH, str(staged("schedule")))
    copy = tmp_path / "schedule" / "june.ipynb"
    scheduler.copy_input_file(str(copy), str(staged("job")))
    job = jobs["BookstoreExecution"](
        tmp_path / "job" / "june.ipynb", month="6", region="'north'", other="a b"
    )
    job.execute()
    check_run(kept, first, month=6, region="north", other="a b")
    assert "month" in job.outputs[0]


def test_a_job_that_fails_is_kept_and_has_its_outputs(
    jobs: dict[str, Any],
    kept: VersionStore,
    tmp_path: Path,
    staged: Callable[[str], Path],
) -> None:
    save(kept, notebook("1/0"), key=SOURCE)
    copy = staged("job")
    jobs["BookstoreScheduler"](tmp_path / "root").copy_input_file(PATH, str(copy))
    job = jobs["BookstoreExecution"](copy)
    with pytest.raises(PapermillExecutionError):
        job.execute()
    (version,) = runs_in(kept)
    assert version.metadata is not None
    assert version.metadata.run is not None
    assert version.metadata.run.error == "ZeroDivisionError: division by zero"
    assert len(job.outputs) == 1
