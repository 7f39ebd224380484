"""gunicorn's configuration for the web app on its own."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from gunicorn.config import Config

from bookstore_web.gunicorn_conf import on_starting

SOCKET = "unix:/run/bookstore.sock"
EVERYBODY = "0.0.0.0:80"


@pytest.fixture(autouse=True)
def config_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    return tmp_path


def warnings_of(bind: str, caplog: pytest.LogCaptureFixture) -> str:
    config = Config()
    config.set("bind", [bind])
    on_starting(SimpleNamespace(cfg=config, log=logging.getLogger("gunicorn")))
    said = [found for found in caplog.records if found.name == "gunicorn"]
    return "\n".join(found.getMessage() for found in said)


@pytest.mark.parametrize("bind", [SOCKET, "127.0.0.1:80", "[::1]:80", "localhost:80"])
def test_an_address_that_only_this_machine_reaches_is_no_warning(
    bind: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert warnings_of(bind, caplog) == ""


@pytest.mark.parametrize("bind", [EVERYBODY, "[::]:80", "10.0.0.1:80", ":80"])
def test_any_other_address_is_warned_of(
    bind: str, caplog: pytest.LogCaptureFixture
) -> None:
    text = warnings_of(bind, caplog)
    assert "WARNING: everybody who reaches" in text
    assert "BookstoreSettings.proxy_secret" in text


@pytest.mark.parametrize("known", [{"proxy_secret": "x"}, {"auth": "hub"}])
def test_no_address_is_warned_of_if_the_proxy_has_a_secret_or_the_hub_asks(
    config_dir: Path, caplog: pytest.LogCaptureFixture, known: dict[str, str]
) -> None:
    settings = {"BookstoreSettings": known}
    (config_dir / "jupyter_config.json").write_text(json.dumps(settings))
    assert warnings_of(EVERYBODY, caplog) == ""


def test_no_address_is_warned_of_if_a_hub_says_who_asks(
    config_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"BookstoreSettings": {"auth": "hub"}}
    (config_dir / "jupyter_config.json").write_text(json.dumps(settings))
    assert warnings_of(EVERYBODY, caplog) == ""


PARENT = """
import subprocess, sys
subprocess.run([sys.executable, "-c", sys.argv[1]])
"""
MASTER = """
import select, sys
from types import SimpleNamespace
from bookstore_web.gunicorn_conf import on_starting
on_starting(SimpleNamespace(cfg=SimpleNamespace(address=[])))
print("started", flush=True)
select.select([sys.stdin], [], [], 60)
print("went on", flush=True)
"""


@pytest.mark.parametrize("is_started_by_hub", [True, False])
def test_what_a_hub_started_ends_with_it_also_if_it_is_killed(
    is_started_by_hub: bool,
) -> None:
    more = {"JUPYTERHUB_SERVICE_URL": "http://x:1"} if is_started_by_hub else {}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, MASTER],
        env={**os.environ, **more},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        assert parent.stdout.readline() == "started\n"
        parent.kill()
        if not is_started_by_hub:
            parent.stdin.close()
        left = parent.stdout.read().strip()
    assert left == ("" if is_started_by_hub else "went on")
