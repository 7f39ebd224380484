"""`jupyter bookstore run`, with papermill's own code on an engine without a kernel."""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from papermill.engines import NBClientEngine, papermill_engines

from archiver.conftest import LOG
from archiver.runs.conftest import (
    PATH,
    RUNS,
    SOURCE,
    Scripted,
    content_of,
    notebook,
    runs_in,
)
from bookstore_archiver.archiver import Archiver
from bookstore_core.runs.markers import runs_of
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.directory import count_spool
from bookstore_core.stores import Label, Version, VersionStore, open_store
from bookstore_web import create_app
from bookstore_web.app.services import EXTENSION
from bookstore_web.app.standalone import SECRET_HEADER
from core.saving import save
from harness.command import Outcome, Run
from harness.service import after_all_saves, serving_mounted

Call = Callable[..., Outcome]

#: What the next cell with "now" in it calls, while papermill runs it.
NOW: list[Callable[[], None]] = []


class Acting(Scripted):
    """Calls the function in `NOW` before it runs the cells."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, **known: object
    ) -> None:
        for act in NOW:
            act()
        super().execute_managed_notebook(nb_man, kernel_name, **known)


@pytest.fixture(autouse=True)
def engine() -> Iterator[None]:
    papermill_engines.register(None, Acting)
    yield
    NOW.clear()
    papermill_engines.register(None, NBClientEngine)


@pytest.fixture(autouse=True)
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Describe a kernel, which no test here starts."""
    place = tmp_path / "share" / "kernels" / "python3"
    place.mkdir(parents=True)
    known = {"argv": ["none"], "display_name": "Python 3", "language": "python"}
    (place / "kernel.json").write_text(json.dumps(known))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))


@pytest.fixture
def settings(tmp_path: Path, spool_dir: Path) -> BookstoreSettings:
    return BookstoreSettings(
        storage="local", local_root=str(tmp_path / "store"), spool_dir=str(spool_dir)
    )


@pytest.fixture
def kept(settings: BookstoreSettings) -> VersionStore:
    return open_store(settings)


@pytest.fixture
def saved(kept: VersionStore) -> Version:
    """The second of two versions of the notebook; the first would fail."""
    save(kept, notebook("1/0"), key=SOURCE)
    return save(kept, notebook("print(month)"), key=SOURCE)


@pytest.fixture
def call(run: Run, settings: BookstoreSettings, tmp_path: Path) -> Call:
    """Run the verb in the directory of the test, which is the server's root."""
    words = (
        "--BookstoreSettings.storage=local",
        f"--BookstoreSettings.local_root={settings.local_root}",
        f"--BookstoreSettings.spool_dir={settings.spool_dir}",
        f"--root-dir={tmp_path}",
    )
    return lambda *given: run("run", *words, *given)


def test_a_run_is_kept_with_what_ran(
    call: Call, kept: VersionStore, saved: Version
) -> None:
    done = call(PATH, "-p", "month", "6", "--json")
    assert done.code == 0, done.err
    value = json.loads(done.out)
    [version] = runs_in(kept)
    assert (value["key"], value["version_id"]) == (RUNS, version.version_id)
    assert (value["of"], value["version"]) == (SOURCE, saved.version_id)
    assert (value["outcome"], value["parameters"]) == ("completed", {"month": 6})
    assert (value["waits"], value["published"], done.err) == ("", None, "")
    known = content_of(kept, version)["metadata"]["papermill"]
    assert known["input_path"] == (
        f"bookstore://workspace/{PATH}?version={saved.version_id}"
    )
    assert known["output_path"] == f"bookstore://workspace/runs/{PATH}"


@pytest.mark.usefixtures("saved")
def test_no_way_to_give_a_parameter_is_ignored(call: Call, kept: VersionStore) -> None:
    for words in (("-pmonth", "6"), ("--p=month", "6")):
        done = call(PATH, *words, "--json")
        assert json.loads(done.out)["parameters"] == {"month": 6}
    refused = call(PATH, "--RunApp.parameter=month")
    assert (refused.code, len(runs_in(kept))) == (2, 2)
    assert "-p NAME VALUE" in refused.err


@pytest.mark.usefixtures("saved")
def test_the_version_is_exactly_the_one_that_is_named(
    call: Call, kept: VersionStore
) -> None:
    first = kept.list_versions(SOURCE).versions[1].version_id
    kept.set_label(SOURCE, first, Label("bad"))
    for name in ("@1", first, "bad"):
        done = call(PATH, name)
        assert done.code == 8, done.err
        assert "failed with ZeroDivisionError: division by zero" in done.out
    runs = [version.metadata.run for version in runs_in(kept) if version.metadata]
    assert {run.version for run in runs if run} == {first}
    assert {run.outcome for run in runs if run} == {"failed"}


@pytest.mark.usefixtures("saved")
def test_a_kernel_that_dies_is_a_failed_run_that_says_so_in_the_notebook(
    call: Call, kept: VersionStore
) -> None:
    save(kept, notebook("die"), key=SOURCE)
    assert call(PATH).code == 8
    [version] = runs_in(kept)
    first = content_of(kept, version)["cells"][0]
    assert "DeadKernelError: Kernel died" in "".join(first["source"])
    assert first["metadata"]["tags"] == ["papermill-error-cell-tag"]


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_a_signal_stopped_is_kept_as_failed(
    call: Call, kept: VersionStore, number: signal.Signals
) -> None:
    before = signal.signal(number, signal.default_int_handler)
    NOW.append(lambda: signal.raise_signal(number))
    try:
        done = call(PATH, "--json")
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        signal.signal(number, before)
    assert done.code == 128 + number
    assert json.loads(done.out)["error"] == f"Stopped by {number.name}"
    assert len(runs_in(kept)) == 1


@pytest.mark.usefixtures("saved")
def test_a_signal_that_the_process_ignores_does_not_stop_a_run(call: Call) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    NOW.append(lambda: signal.raise_signal(signal.SIGHUP))
    try:
        assert call(PATH).code == 0
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("saved")
def test_a_store_that_fails_while_it_runs_gets_the_result_later(
    call: Call,
    kept: VersionStore,
    settings: BookstoreSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bookstore_archiver.cli.verb.Patience.allows", _never)
    place, aside = Path(settings.local_root), Path(settings.local_root + ".aside")

    def fail() -> None:
        place.rename(aside)
        place.write_text("This is no directory.")

    NOW.append(fail)
    done = call(PATH, "--json", "--publish")
    assert done.code == 10, done.err
    value = json.loads(done.out)
    assert (value["outcome"], value["version_id"]) == ("completed", "")
    assert value["waits"]
    assert value["published"]["waits"]
    place.unlink()
    aside.rename(place)
    assert count_spool(settings.spool_dir).waiting == 2
    archiver = Archiver(settings, log=LOG)
    assert archiver.drain()
    archiver.close()
    assert len(runs_in(kept)) == len(runs_in(kept, f"published/runs/{PATH}")) == 1
    assert len(runs_of(kept, settings, SOURCE).runs) == 1


def _never(*_: object) -> bool:
    return False


@pytest.mark.usefixtures("saved")
def test_a_completed_run_is_published_and_a_failed_one_is_not(
    call: Call, kept: VersionStore
) -> None:
    done = call(PATH, "--publish", "--to=mine/x.ipynb", "--json")
    assert done.code == 0, done.err
    key = "published/mine/x.ipynb"
    assert json.loads(done.out)["published"]["key"] == key
    assert len(runs_in(kept, key)) == len(runs_in(kept, "workspace/mine/x.ipynb")) == 1
    assert call(PATH, "@1", "--publish").code == 8
    assert runs_in(kept, f"published/runs/{PATH}") == []


def test_a_published_notebook_is_run_from_its_shelf(
    call: Call, kept: VersionStore
) -> None:
    save(kept, notebook("1"), key="published/bob/x.ipynb")
    done = call("bob/x.ipynb", "--shelf=published", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["key"] == "workspace/runs/bob/x.ipynb"
    assert json.loads(done.out)["of"] == "published/bob/x.ipynb"


@pytest.mark.usefixtures("saved")
def test_a_notebook_without_a_cell_for_parameters_is_run_with_a_warning(
    call: Call, kept: VersionStore
) -> None:
    plain = json.loads(notebook("1"))
    del plain["cells"][0]
    save(kept, json.dumps(plain).encode(), key=SOURCE)
    done = call(PATH, "-p", "month", "6")
    assert done.code == 0
    assert "No cell of the notebook has the tag 'parameters'" in done.err
    assert "No cell" not in call(PATH).err


@pytest.mark.usefixtures("saved")
def test_a_parameter_that_the_notebook_lacks_is_a_warning(call: Call) -> None:
    done = call(PATH, "-p", "mnth", "6")
    assert done.code == 0
    assert "Passed unknown parameter: mnth" in done.err


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((PATH, "@7"), 4, "no @7"),
        ((PATH, "nope"), 4, "nope"),
        ((PATH, "2026-11-20 15:00"), 4, "by a time: --at='2026-11-20 15:00'"),
        (("none.ipynb",), 4, "none.ipynb"),
        ((PATH, "--kernel=nope"), 9, "There is no kernel 'nope' here"),
        ((PATH, "-p", "month"), 2, "requires a name and a value"),
        ((PATH, "-f", "none.yaml"), 4, "none.yaml cannot be read"),
        ((PATH, "--to=../x.ipynb"), 2, "'..'"),
        ((PATH, "--to=x.txt"), 2, "does not end in .ipynb"),
        ((PATH, "--to=bookstore://nowhere/x.ipynb"), 2, "no address"),
        ((PATH, "--to=.bookstore/x.ipynb"), 2, "reserved"),
        (("../x.ipynb",), 2, "outside"),
        (("a/../../x.ipynb", "--shelf=published"), 2, "'..'"),
        ((PATH, "--shelf=other"), 2, "no shelf"),
        ((PATH, "--kernl=x"), 2, "Unknown option"),
        ((), 2, "Missing argument"),
    ],
)
def test_what_cannot_run_does_not(
    call: Call, kept: VersionStore, words: tuple[str, ...], code: int, said: str
) -> None:
    NOW.append(lambda: pytest.fail("It was run."))
    done = call(*words)
    assert (done.code, said in done.err) == (code, True), done.err
    assert "Traceback" not in done.err
    assert "WARNING" not in done.err
    assert runs_in(kept) == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", 2),
        (b"\xff", 2),
        (b"{}", 2),
        (b"[1]", 2),
        (notebook(kernelspec={}), 9),
        (notebook(kernelspec={"name": 1}), 9),
        (notebook(kernelspec={"name": "../x\n"}), 9),
        (notebook(kernelspec=[]), 9),
        (json.dumps({"cells": 1, "nbformat": 4, "metadata": 2}).encode(), 2),
    ],
)
def test_a_version_that_is_no_notebook_or_has_no_kernel_is_refused(
    call: Call, kept: VersionStore, content: bytes, code: int
) -> None:
    save(kept, content, key=SOURCE)
    done = call(PATH)
    assert done.code == code, done.err
    assert "Traceback" not in done.err


def test_an_old_notebook_is_run_as_one_of_today(call: Call, kept: VersionStore) -> None:
    cell = {"cell_type": "code", "language": "python", "input": "1", "outputs": []}
    worksheets = [{"cells": [{**cell, "collapsed": False, "metadata": {}}]}]
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}}
    data = json.dumps({**old, "worksheets": worksheets}).encode()
    save(kept, data, key=SOURCE)
    assert call(PATH, "--kernel=python3").code == 0
    assert content_of(kept, runs_in(kept)[0])["nbformat"] == 4


@pytest.mark.usefixtures("saved")
def test_the_kernel_works_in_a_directory_that_is_empty_and_removed(call: Call) -> None:
    seen: list[str] = []
    NOW.append(lambda: seen.extend((os.getcwd(), *os.listdir())))
    assert call(PATH).code == 0
    [place] = seen
    assert Path(place).name == "work"
    assert not Path(place).parent.exists()


@pytest.mark.usefixtures("saved", "gone")
@pytest.mark.parametrize(
    "words", [("june.ipynb",), ("/x/june.ipynb",), (SOURCE, "-f", "x.yaml")]
)
def test_nothing_is_found_in_a_deleted_directory(
    call: Call, words: tuple[str, ...]
) -> None:
    done = call(*words)
    assert done.code == 4
    assert "The current directory was deleted." in done.err


@pytest.mark.usefixtures("saved")
def test_without_papermill_the_command_says_what_to_install(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "papermill", None)
    done = call(PATH)
    assert done.code == 3
    assert "pip install 'bookstore[run]'" in done.err


@pytest.fixture
def service(tmp_path: Path, spool_dir: Path) -> Iterator[dict[str, Any]]:
    """The settings of ann, whose proxy tells a service with rules who she is."""
    own = {"storage": "local", "local_root": str(tmp_path / "store"), "s3_bucket": "b"}
    rules = {"auth": "header", "proxy_user_header": "X-User", "proxy_secret": "s"}
    app = create_app(BookstoreSettings(**own, **rules))
    app.extensions[EXTENSION].clock = after_all_saves

    def as_ann(environ: dict[str, Any], start_response: Any) -> Any:
        known = {"X-User": "ann", SECRET_HEADER: "s"}
        headers = {f"HTTP_{n.upper().replace('-', '_')}": v for n, v in known.items()}
        return app.wsgi_app({**environ, **headers}, start_response)

    with serving_mounted() as mounted:
        known = {"storage": "service", "service_url": mounted.mount(as_ann)}
        yield {**known, "spool_dir": str(spool_dir)}


def test_a_run_through_a_service_is_in_the_persons_workspace(
    run: Run, service: dict[str, Any], tmp_path: Path
) -> None:
    theirs = open_store(BookstoreSettings(**service))
    bucket = BookstoreSettings(
        storage="local", local_root=str(tmp_path / "store"), s3_bucket="b"
    )
    save(open_store(bucket), notebook("1"), key="published/bob/x.ipynb")
    words = [f"--BookstoreSettings.{name}={value}" for name, value in service.items()]
    words += ["bob/x.ipynb", "--shelf=published", "--json"]
    done = run("run", *words, "--publish")
    assert done.code == 0, done.err
    value = json.loads(done.out)
    assert value["key"] == "workspace/runs/bob/x.ipynb"
    assert value["published"]["key"] == "published/ann/runs/bob/x.ipynb"
    assert len(runs_in(open_store(bucket), "workspace/ann/runs/bob/x.ipynb")) == 1
    settings, source = BookstoreSettings(**service), "published/bob/x.ipynb"
    assert len(runs_of(theirs, settings, source).runs) == 1
    refused = run("run", *words, "--to=bookstore://published/bob/x.ipynb")
    assert refused.code == 5
    assert "publish below ann/" in refused.err
