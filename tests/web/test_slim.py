"""Modules that are put off are imported when something of them is needed."""

import subprocess
import sys

import pytest

START = "import sys; from bookstore_web.slim import PUT_OFF, put_off; put_off()\n"
IS_LATER = "assert type(sys.modules[{name!r}]).__name__ == '_Later'\n"


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", START + code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("name", "code", "answer"),
    [
        (
            "configparser",
            "from configparser import RawConfigParser as R; print(R().sections())",
            "[]",
        ),
        ("html", "import html; print(html.escape('<'))", "&lt;"),
        ("difflib", "from difflib import ndiff; print(ndiff.__module__)", "difflib"),
        (
            "importlib.metadata",
            "import importlib.metadata; print(importlib.metadata.version.__module__)",
            "importlib.metadata",
        ),
        (
            "jmespath",
            "import jmespath.exceptions; print(jmespath.search('a', {'a': 1}))",
            "1",
        ),
    ],
)
def test_a_module_that_is_put_off_can_be_used(
    name: str, code: str, answer: str
) -> None:
    assert run(IS_LATER.format(name=name) + code) == answer


def test_gunicorn_starts_without_them() -> None:
    code = "import gunicorn.app.wsgiapp, gunicorn.workers.gthread\n"
    names = ("html", "importlib.metadata")
    checks = "".join(IS_LATER.format(name=name) for name in names)
    assert run(f"{code}{checks}print('zipfile' in sys.modules)") == "False"


def test_a_service_of_a_hub_does_without_the_tables_of_the_hub() -> None:
    pytest.importorskip("jupyterhub")
    code = (
        "from bookstore_web.gunicorn_conf import post_fork; post_fork(None, None)\n"
        "from jupyterhub.services.auth import HubOAuth\n"
        "print({'alembic', 'sqlalchemy.orm'} & set(sys.modules))"
    )
    assert run(code) == "set()"
