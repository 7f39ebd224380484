"""The files in docs/deploy.md that nothing else starts: well formed, and as we are."""

import re
import shlex
import shutil
from configparser import ConfigParser
from pathlib import Path
from subprocess import run
from typing import Any

import pytest
import yaml

from bookstore_core.settings import BookstoreSettings
from harness.nginx import CONFIG, NGINX, documented_config
from harness.notebook_server import TOP
from harness.standalone import PROGRAMS

SYSTEMD = shutil.which("systemd-analyze")
TEXT = (TOP / "docs" / "deploy.md").read_text()


def blocks(kind: str) -> list[str]:
    found = re.findall(rf"^( *)```{kind}\n(.*?)^ *```", TEXT, re.S | re.M)
    return [block for _, block in found]


def documents(word: str) -> list[dict[str, Any]]:
    """Return the YAML documents of the block with a word in it."""
    block = next(block for block in blocks("yaml") if word in block)
    return list(yaml.safe_load_all(block))


def python_lines() -> dict[str, Any]:
    """Return what the lines for jupyterhub_config.py set."""
    from traitlets.config import Config

    c = Config()
    block = next(b for b in blocks("python") if "c.JupyterHub.services" in b)
    exec(block, {"c": c})  # noqa: S102  # our own documentation
    return {
        "services": c.JupyterHub.services,
        "roles": {role["name"]: role["scopes"] for role in c.JupyterHub.load_roles},
    }


def test_the_values_of_the_chart_are_those_of_a_hub_without_it() -> None:
    (values,) = documents("loadRoles")
    roles = {name: role["scopes"] for name, role in values["hub"]["loadRoles"].items()}
    assert roles == python_lines()["roles"]
    assert values["singleuser"]["extraFiles"]["bookstore"]["data"] == {
        "BookstoreSettings": {"storage": "service"}
    }


def test_the_values_of_the_chart_let_a_server_send_its_last_saves() -> None:
    (values,) = documents("loadRoles")
    grace = values["hub"]["config"]["KubeSpawner"]["delete_grace_period"]
    assert grace > 2 * BookstoreSettings().shutdown_timeout


def test_a_pod_has_the_environment_of_a_replica() -> None:
    deployment, service = documents("kind: Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    names = {variable["name"] for variable in container["env"]}
    said = re.findall(r"`(JUPYTERHUB_[A-Z_]+)[=`]", TEXT)
    assert set(said) - {"JUPYTERHUB_BASE_URL"} <= names
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    (values,) = documents("loadRoles")
    url = values["hub"]["services"]["bookstore"]["url"]
    port = service["spec"]["ports"][0]["port"]
    assert url == f"http://{service['metadata']['name']}:{port}"


@pytest.mark.skipif(
    SYSTEMD is None, reason="systemd-analyze is not installed (apt-get install systemd)"
)
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    block = next(block for block in blocks("ini") if "ExecStart" in block)
    assert "/opt/bookstore/bin" in block
    unit = tmp_path / "bookstore@one.service"
    unit.write_text(block.replace("/opt/bookstore/bin", str(PROGRAMS)))
    done = run([str(SYSTEMD), "verify", str(unit)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(
    NGINX is None, reason="nginx is not installed (apt-get install nginx-light)"
)
def test_nginx_takes_the_replicas_before_a_hubs_proxy(tmp_path: Path) -> None:
    documented = documented_config("upstream bookstore_replicas")
    file = tmp_path / "nginx.conf"
    file.write_text(CONFIG.format(folder=tmp_path, user="", documented=documented))
    command = [str(NGINX), "-t", "-e", str(tmp_path / "log"), "-c", str(file)]
    done = run(command, capture_output=True, text=True)
    assert "test is successful" in done.stderr, done.stderr
    listened = re.findall(r"listen (127.0.0.1:\d+);", documented)
    assert f"http://{listened[0]}" == python_lines()["services"][0]["url"]


def test_the_unit_starts_the_program_that_there_is() -> None:
    block = next(block for block in blocks("ini") if "ExecStart" in block)
    unit = ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(block)
    program, *arguments = shlex.split(unit["Service"]["ExecStart"], posix=True)
    assert (PROGRAMS / program.rpartition("/")[2]).is_file()
    started = python_lines()["services"][0]["command"]
    assert {"-c", "python:bookstore_web.gunicorn_conf"} <= set(arguments)
    assert arguments[-1] == started[-1]
