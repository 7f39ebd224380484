"""The extension as a notebook server loads it, and what it reads from the server."""

import logging
import re
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from jupyter_server.auth import User
from jupyter_server.base.handlers import JupyterHandler
from tornado import web
from traitlets.config import Config, LoggingConfigurable

from bookstore_web.server.extension import load_extension, routes
from bookstore_web.server.front_end import front_end
from bookstore_web.server.handlers import ProxyHandler, handler_class, user_name


class Server(LoggingConfigurable):
    """The parts of a server's app that the extension needs to load."""

    base_url = "/"

    def __init__(self, **traits: Any) -> None:
        super().__init__(config=Config({"BookstoreSettings": traits}))
        self.log = logging.getLogger("notebook-server")
        self.web_app = web.Application()

    @property
    def has_our_handlers(self) -> bool:
        return len(self.web_app.default_router.rules) > 1


def classic_app(**attributes: Any) -> Any:
    notebook_app = type("NotebookApp", (), {"__module__": "notebook.notebookapp"})
    app = type("SingleUserNotebookApp", (notebook_app,), {})()
    vars(app).update(attributes)
    return app


def modern_app(default_url: str, *extensions: str, base_url: str = "/") -> Any:
    return SimpleNamespace(
        base_url=base_url,
        default_url=default_url,
        extension_manager=SimpleNamespace(extensions=dict.fromkeys(extensions)),
    )


def test_without_a_store_it_logs_one_line_and_serves_the_api_that_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    server = Server()
    load_extension(server)
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert "No store is configured" in caplog.text
    assert server.has_our_handlers


def test_it_loads_if_there_is_only_a_directory_to_clone_from() -> None:
    server = Server(fs_cloning_basedir="/srv/examples")
    load_extension(server)
    assert server.has_our_handlers


def test_a_wrong_setting_is_logged_and_the_server_starts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = Server(storage="tape")
    load_extension(server)
    assert "a setting is wrong" in caplog.text
    assert "tape" in caplog.text
    assert server.has_our_handlers


def test_loading_imports_neither_flask_nor_botocore() -> None:
    code = (
        "import sys, bookstore_web.server.extension\n"
        "print({'flask', 'werkzeug', 'botocore', 'nbformat'} & set(sys.modules))"
    )
    shown = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert shown.strip() == "set()"


@pytest.mark.parametrize(
    ("path", "is_api"),
    [
        ("/user/a.b/api/bookstore", True),
        ("/user/a.b/api/bookstore/published/a%2Fb//c", True),
        ("/user/a.b/bookstore", False),
        ("/user/a.b/bookstore/", False),
        ("/user/a.b/bookstore/static/style.css", False),
        ("/user/a.b/api/bookstores", None),
        ("/user/a.b/api/bookstore-x/y", None),
        ("/user/axb/api/bookstore", None),
        ("/api/bookstore", None),
    ],
)
def test_whole_segments_below_the_base_url_are_ours(
    path: str, is_api: bool | None
) -> None:
    found = [ours for p, ours in routes("/user/a.b/").items() if re.fullmatch(p, path)]
    assert found == ([] if is_api is None else [is_api])


def test_the_handler_is_for_the_running_generation() -> None:
    assert issubclass(handler_class(Server(), ProxyHandler), JupyterHandler)


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        (classic_app(), "notebook"),
        (modern_app("/lab"), "lab"),
        (modern_app("/user/ann/lab/tree/a", base_url="/user/ann/"), "lab"),
        (modern_app("/labs", "jupyterlab"), "notebook"),
        (modern_app("/tree", "jupyterlab", "notebook"), "notebook"),
        (modern_app("/nbclassic/tree", "jupyterlab"), "nbclassic"),
        (modern_app("/", "jupyterlab", "notebook"), "lab"),
        (modern_app("/", "nbclassic"), "nbclassic"),
        (modern_app("/user/ann/", "notebook", base_url="/user/ann/"), "notebook"),
    ],
)
def test_the_front_end_is_that_of_the_default_url(app: Any, expected: str) -> None:
    assert front_end(app) == expected


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        (None, ""),
        ("ann", "ann"),
        ("anonymous", ""),
        ("0123456789abcdef0123456789abcdef", ""),
        (b"ann", "ann"),
        (b"0123456789abcdef0123456789abcdef", ""),
        ({"name": "ann", "admin": False}, "ann"),
        (User("ann", "Ann", "Ann"), "ann"),
        (User("0123456789abcdef0123456789abcdef", "Anonymous Io"), ""),
    ],
)
def test_a_random_user_name_is_not_used(user: Any, expected: str) -> None:
    assert user_name(user) == expected
