"""Who may pass through a notebook server to bookstore: real servers and gunicorn."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from harness.echo import echo_server
from harness.notebook_server import GENERATIONS, TOKEN, NotebookServer

pytestmark = pytest.mark.server

COPY = "copy?name=a.txt&target="
READ_ONLY = """
from jupyter_server.auth import Authorizer

class ReadOnly(Authorizer):
    async def is_authorized(self, handler, user, action, resource):
        hidden = "hidden" in handler.request.query
        return resource != "contents" or (action == "read" and not hidden)

c.ServerApp.authorizer_class = ReadOnly
c.ServerApp.allow_unauthenticated_access = False
"""


@pytest.fixture(scope="module", params=GENERATIONS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NotebookServer]:
    home = tmp_path_factory.mktemp("rights")
    with echo_server(request.param, home) as server:
        assert server.request("GET", "api/bookstore").ok
        yield server


@pytest.fixture
def stranger() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture
def browser(server: NotebookServer) -> Iterator[requests.Session]:
    """A session that has opened the page with the token and has its cookies."""
    with requests.Session() as session:
        page = session.get(f"{server.url}/bookstore/", params={"token": TOKEN})
        assert page.ok, page.text
        yield session


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_the_api_refuses_a_stranger_in_json(
    server: NotebookServer, stranger: requests.Session, method: str
) -> None:
    answer = stranger.request(method, f"{server.url}/api/bookstore/published/a.ipynb")
    assert answer.status_code == 403
    assert answer.json()["message"]


def test_a_page_sends_a_stranger_to_the_login(
    server: NotebookServer, stranger: requests.Session
) -> None:
    answer = stranger.get(f"{server.url}/bookstore/history", allow_redirects=False)
    assert answer.status_code == 302
    assert "/login?next=" in answer.headers["Location"]


def test_the_landing_page_below_api_sends_a_browser_to_the_login(
    server: NotebookServer, stranger: requests.Session
) -> None:
    answer = stranger.get(
        f"{server.url}/api/bookstore/cloned?s3_key=a",
        headers={"Accept": "text/html,*/*;q=0.8"},
        allow_redirects=False,
    )
    assert answer.status_code == 302


def test_a_wrong_token_is_a_stranger(
    server: NotebookServer, stranger: requests.Session
) -> None:
    answer = stranger.get(
        f"{server.url}/api/bookstore", headers={"Authorization": "token wrong"}
    )
    assert answer.status_code == 403


def test_a_change_by_cookie_without_the_xsrf_token_is_refused(
    server: NotebookServer, browser: requests.Session
) -> None:
    for method, route in (("POST", "clone"), ("PUT", COPY)):
        answer = browser.request(method, f"{server.url}/api/bookstore/{route}", json={})
        assert answer.status_code == 403
        assert "_xsrf" in answer.json()["message"]


def test_a_change_with_cookie_and_xsrf_header_passes(
    server: NotebookServer, browser: requests.Session
) -> None:
    answer = browser.post(
        f"{server.url}/api/bookstore/clone",
        json={},
        headers={"X-XSRFToken": browser.cookies["_xsrf"]},
    )
    assert answer.json()["method"] == "POST"


def test_the_xsrf_token_for_pages_is_one_that_passes(
    server: NotebookServer, browser: requests.Session
) -> None:
    context = browser.get(f"{server.url}/bookstore/").json()["context"]
    answer = browser.post(
        f"{server.url}/bookstore/", data={"_xsrf": context["xsrf_token"]}
    )
    assert answer.json()["method"] == "POST"


def test_another_sites_page_cannot_change_anything(
    server: NotebookServer, browser: requests.Session
) -> None:
    headers = {
        "X-XSRFToken": browser.cookies["_xsrf"],
        "Origin": "https://evil.example.org",
    }
    for method, route in (("POST", "clone"), ("PUT", COPY)):
        url = f"{server.url}/api/bookstore/{route}"
        answer = browser.request(method, url, json={}, headers=headers)
        assert answer.status_code in {403, 404}


def test_a_token_in_the_query_is_passed_on_despite_other_credentials(
    server: NotebookServer, stranger: requests.Session
) -> None:
    answer = stranger.get(
        f"{server.url}/api/bookstore", params={"token": TOKEN}, auth=("a", "b")
    )
    assert answer.json()["context"]["authorization"] == f"token {TOKEN}"


def test_a_program_with_the_token_needs_no_xsrf_token(server: NotebookServer) -> None:
    answer = server.request("PUT", "api/bookstore/published/a.ipynb", data=b"{}")
    assert answer.json()["method"] == "PUT"


def test_a_neighbours_path_is_left_alone(server: NotebookServer) -> None:
    assert server.request("GET", "api/bookstores").status_code == 404
    assert server.request("GET", "bookstorefront/").status_code == 404


def test_the_servers_authorizer_decides(home: Path) -> None:
    with echo_server("modern", home, config=READ_ONLY) as server:
        assert server.request("GET", "api/bookstore").ok
        assert server.request("OPTIONS", "api/bookstore").ok
        for method, route in (("POST", "clone"), ("PUT", COPY)):
            refused = server.request(method, f"api/bookstore/{route}", json={})
            assert refused.status_code == 403
            assert "not authorized to write" in refused.json()["message"]
        assert server.request("GET", "api/bookstore/kinds?path=a").ok
        for route in ("kinds", "file", "version"):
            asked = f"api/bookstore/{route}?path=hidden"
            assert server.request("GET", asked).status_code == 403
        stranger = requests.get(f"{server.url}/api/bookstore", timeout=60)
        assert stranger.status_code == 403
