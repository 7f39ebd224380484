"""gunicorn's configuration for the web app on its own."""

import json
import logging
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
