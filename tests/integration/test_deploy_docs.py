"""The files in docs/deploy.md that nothing else starts: well formed, and as we are."""

import re
import shlex
from configparser import ConfigParser
from typing import Any

import yaml

from bookstore_core.settings import BookstoreSettings
from harness.notebook_server import TOP
from harness.standalone import PROGRAMS

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
