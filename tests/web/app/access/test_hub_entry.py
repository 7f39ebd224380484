"""A service of JupyterHub: the login of browsers, and tokens."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from flask.testing import FlaskClient

from bookstore_core.errors import ConfigurationError
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version, VersionStore
from bookstore_web import create_app
from bookstore_web.app.access.hub_client import KEEP
from harness.fake_hub import SCOPE, SERVICE_TOKEN, FakeHub, callback

PREFIX = "/services/bookstore"
HOME = f"{PREFIX}/bookstore/"
PUBLISH = f"{PREFIX}/api/bookstore/publish/a.ipynb"
EMPTY = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
Make = Callable[..., FlaskClient]

pytest.importorskip("jupyterhub")


def page(client: FlaskClient, path: str = HOME) -> Any:
    return client.get(path, headers={"Accept": "text/html"})


def log_in(client: FlaskClient, hub: FakeHub, name: str, **more: Any) -> None:
    code = hub.code_for(hub.give(f"{name}-token", name, **more))
    asked = page(client)
    done = client.get(callback(asked.location, code))
    assert (done.status_code, done.location) == (302, HOME)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"token {token}"}


def test_a_browser_logs_in_at_the_hub_and_comes_back(
    service: FlaskClient, hub: FakeHub
) -> None:
    wanted = f"{HOME}history?path=%C3%BC.ipynb&q=a%26b"
    asked = page(service, wanted)
    assert asked.status_code == 302
    query = parse_qs(urlsplit(asked.location).query)
    assert asked.location.startswith("/hub/api/oauth2/authorize?")
    assert query["client_id"] == ["service-bookstore"]
    code = hub.code_for(hub.give("t", "ann"))
    done = service.get(callback(asked.location, code))
    assert done.location == wanted
    (cookie,) = (c for c in done.headers.getlist("Set-Cookie") if "login=" in c)
    for part in ("HttpOnly", "SameSite=Lax", f"Path={PREFIX}/"):
        assert part in cookie
    assert page(service).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        (f"{PREFIX}/bookstore/a%23b%3Fc%25?q=%0D%0A", None),
        (f"{PREFIX}/%0D%0ASet-Cookie:x=1", None),
        (f"{PREFIX}/%5Cother.example", None),
        (f"{PREFIX}/%2E%2E/%2E%2E/hub/logout", HOME),
        ("//other.example/x", HOME),
    ],
)
def test_a_login_leads_back_to_an_odd_address_as_it_was(
    service: FlaskClient, hub: FakeHub, wanted: str, shown: str | None
) -> None:
    path, _, query = wanted.partition("?")
    given = {"PATH_INFO": unquote(path), "QUERY_STRING": query}
    asked = service.get("/", headers={"Accept": "text/html"}, environ_overrides=given)
    code = hub.code_for(hub.give("t", "ann"))
    done = service.get(callback(asked.location, code))
    assert (done.status_code, done.location) == (302, shown or wanted)


def test_another_replica_finishes_a_login_and_knows_the_cookie(
    make_service: Make, hub: FakeHub
) -> None:
    first, second = make_service(), make_service()
    second._cookies = first._cookies
    log_in(first, hub, "ann")
    assert page(second).status_code == 200
    asked = page(make_service())
    assert asked.status_code == 302


def test_two_tabs_log_in_at_the_same_time(service: FlaskClient, hub: FakeHub) -> None:
    asked = [page(service), page(service)]
    for address in asked:
        code = hub.code_for(hub.give("t", "ann"))
        assert service.get(callback(address.location, code)).location == HOME


def test_a_login_that_this_browser_did_not_begin_is_refused(
    make_service: Make, hub: FakeHub
) -> None:
    asked = page(make_service())
    code = hub.code_for(hub.give("t", "mallory"))
    victim = make_service()
    for address in (
        callback(asked.location, code),
        f"{PREFIX}/oauth_callback?code={code}",
        f"{PREFIX}/oauth_callback?code={code}&state=",
        f"{PREFIX}/oauth_callback",
    ):
        refused = victim.get(address)
        assert refused.status_code == 401
        assert not refused.headers.getlist("Set-Cookie")
    assert code in hub.codes


def test_a_code_that_the_hub_does_not_know_is_refused(service: FlaskClient) -> None:
    refused = service.get(callback(page(service).location, "wrong"))
    assert refused.status_code == 401


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_api_answers_strangers_with_a_sentence(
    service: FlaskClient, method: str
) -> None:
    for path in ("versions?path=a.ipynb", "nothing", "label"):
        answer = getattr(service, method)(f"{PREFIX}/api/bookstore/{path}")
        assert answer.status_code == 401
        assert "Log in" in answer.json["message"]


def test_a_cookie_is_worth_what_its_token_is_worth(
    service: FlaskClient, hub: FakeHub
) -> None:
    log_in(service, hub, "ann")
    hub.models.clear()
    forget(service)
    assert page(service).status_code == 302
    service.set_cookie("bookstore-login", "forged.x.y", path=f"{PREFIX}/")
    assert page(service).status_code == 302


def forget(service: FlaskClient) -> None:
    """Forget the hub's answers, as after `KEEP` seconds."""
    entry = service.application.extensions["bookstore.hub"]
    for asked_at in (known := entry._hub._hub.cache.timestamps):
        known[asked_at] -= KEEP


def test_a_logout_at_the_hub_counts_at_once(service: FlaskClient, hub: FakeHub) -> None:
    service.set_cookie("jupyterhub-session-id", "of the login")
    log_in(service, hub, "ann")
    assert page(service).status_code == 200
    hub.models.clear()
    service.delete_cookie("jupyterhub-session-id")
    assert page(service).status_code == 302


def test_rights_that_end_count_after_some_seconds_and_no_later(
    service: FlaskClient, hub: FakeHub
) -> None:
    log_in(service, hub, "ann", groups=["team"])
    path = f"{PUBLISH}?group=team"
    for groups, status in ((["team"], 200), ([], 200), ([], 403)):
        hub.give("ann-token", "ann", groups=groups)
        answer = service.put(path, json={"type": "notebook", "content": EMPTY})
        assert answer.status_code == status
        if status == 200 and not groups:
            forget(service)


def test_a_stopped_hub_lets_nobody_in_but_those_it_has_just_known(
    service: FlaskClient, hub: FakeHub
) -> None:
    log_in(service, hub, "ann")
    assert page(service).status_code == 200
    hub.status = 503
    assert page(service).status_code == 200
    assert service.get(HOME, headers=bearer("another")).status_code == 503
    forget(service)
    answer = page(service)
    assert answer.status_code == 503
    assert "JupyterHub does not answer" in answer.text
    assert not answer.headers.getlist("Set-Cookie")
    hub.status = 0
    assert page(service).status_code == 200


def test_a_hub_that_hangs_is_given_up_and_then_sooner(
    service: FlaskClient, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in(service, hub, "ann")
    assert page(service).status_code == 200
    client = "bookstore_web.app.access.hub_client"
    hub.answering.clear()
    try:
        monkeypatch.setattr(f"{client}.PATIENCE", 0.1)
        assert service.get(HOME, headers=bearer("t")).status_code == 503
        monkeypatch.setattr(f"{client}.PATIENCE", 600)
        monkeypatch.setattr(f"{client}.BRIEFLY", 0.1)
        assert service.get(HOME, headers=bearer("t")).status_code == 503
        monkeypatch.setattr(f"{client}.BRIEFLY", 30)
        assert page(service).status_code == 200
    finally:
        hub.answering.set()


def test_a_token_is_that_of_a_person_or_a_service(
    service: FlaskClient, hub: FakeHub, store: VersionStore, notebook: Any
) -> None:
    body = {"type": "notebook", "content": notebook}
    hub.give("server", "ann")
    answer = service.put(PUBLISH, json=body, headers=bearer("server"))
    assert answer.json["s3_path"].endswith("/published/ann/a.ipynb")
    hub.give("other", "ann", kind="service", admin=True)
    assert service.put(PUBLISH, json=body, headers=bearer("other")).status_code == 403
    for wrong in ("nothing", "a b", "", "\xff", "x" * 5000):
        refused = service.put(PUBLISH, json=body, headers=bearer(wrong))
        assert refused.status_code == 401


def test_a_token_that_is_not_meant_for_the_service_is_refused(
    service: FlaskClient, hub: FakeHub
) -> None:
    for number, scopes in enumerate(([], ["access:services!service=other"], ["self"])):
        hub.give(f"t{number}", "ann", scopes=scopes)
        refused = service.get(HOME, headers=bearer(f"t{number}"))
        assert refused.status_code == 403
        assert SCOPE in refused.text
    hub.give("all", "ann", scopes=["access:services"])
    assert service.get(HOME, headers=bearer("all")).status_code == 200


def test_an_admin_reads_everything_in_a_browser_and_not_with_a_token(
    make_service: Make,
    hub: FakeHub,
    put: Callable[..., Version],
    notebook: Any,
) -> None:
    put("workspace/ann/a.ipynb", notebook)
    page_of_it = f"{HOME}clone?s3_bucket=bookstore&s3_key=workspace/ann/a.ipynb"
    for name, traits, model in (
        ("root", {}, {"admin": True}),
        ("zoe", {"admin_users": ["zoe"]}, {}),
    ):
        client = make_service(**traits)
        log_in(client, hub, name, **model)
        assert client.get(page_of_it).status_code == 200
        token = bearer(f"{name}-token")
        assert make_service().get(page_of_it, headers=token).status_code == 403


def test_pages_of_other_sites_change_nothing_with_a_cookie(
    service: FlaskClient, hub: FakeHub, notebook: Any
) -> None:
    log_in(service, hub, "ann")
    body = {"type": "notebook", "content": notebook}
    evil = {"Origin": "http://evil.test"}
    assert service.put(PUBLISH, json=body, headers=evil).status_code == 403
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert service.put(PUBLISH, json=body, headers=cross).status_code == 403
    token = evil | bearer("ann-token")
    assert service.put(PUBLISH, json=body, headers=token).status_code == 200


@pytest.mark.parametrize("status", [500, 502])
def test_a_hub_that_is_down_is_said(
    service: FlaskClient, hub: FakeHub, status: int
) -> None:
    hub.give("t", "ann")
    hub.status = status
    answer = service.get(HOME, headers=bearer("t"))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "JupyterHub does not answer" in answer.text
    code = callback(page(service).location, "code")
    assert service.get(code).status_code == 503
    assert service.get(f"{PREFIX}/api/bookstore/healthz").status_code == 200
    hub.status = 0
    assert service.get(HOME, headers=bearer("t")).status_code == 200


def test_a_hub_that_nobody_reaches_is_said(
    make_service: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_URL", "http://127.0.0.1:9/hub/api")
    assert make_service().get(HOME, headers=bearer("t")).status_code == 503


def test_the_hub_is_asked_once_for_many_requests(
    service: FlaskClient, hub: FakeHub
) -> None:
    hub.give("t", "ann")
    for _ in range(5):
        assert service.get(HOME, headers=bearer("t")).status_code == 200
    assert hub.asked["/hub/api/user"] == 1


@pytest.mark.parametrize("name", ["JUPYTERHUB_API_TOKEN", "JUPYTERHUB_CLIENT_ID"])
def test_without_a_hub_in_the_environment_the_app_does_not_start(
    hub: FakeHub, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(ConfigurationError, match=name):
        create_app(BookstoreSettings(storage="local", auth="hub"))


def test_the_top_of_the_service_leads_to_the_first_page(service: FlaskClient) -> None:
    for path in (PREFIX, f"{PREFIX}/"):
        assert service.get(path).location == HOME
    assert SERVICE_TOKEN not in service.get(f"{HOME}?x").text


def test_pages_lead_to_the_persons_own_server_and_to_their_groups(
    service: FlaskClient, hub: FakeHub, put: Callable[..., Version], notebook: Any
) -> None:
    put("workspace/ann/a.ipynb", notebook)
    log_in(service, hub, "ann", groups=["team"])
    shown = page(service, f"{HOME}view?path=a.ipynb").text
    assert '<option value="team">' in shown
    assert 'href="/hub/logout"' in shown
    query = "s3_bucket=bookstore&amp;s3_key=workspace/ann/a.ipynb"
    offer = page(service, f"{HOME}clone?{query.replace('&amp;', '&')}").text
    assert f'href="/hub/user-redirect/bookstore/clone?{query}"' in offer
    form = {"path": "a.ipynb", "version_id": "@0", "published_path": "b.ipynb"}
    done = service.post(f"{HOME}publish", data={**form, "group": "team"})
    assert "path=%40team%2Fb.ipynb" in done.location


@pytest.mark.parametrize(
    ("schemes", "is_secure"),
    [("https,http", True), ("https", True), ("http,https", False), ("evil", False)],
)
def test_the_scheme_is_that_of_the_browser_before_all_proxies(
    service: FlaskClient, schemes: str, is_secure: bool
) -> None:
    headers = {"X-Forwarded-Proto": schemes, "Accept": "text/html"}
    answer = service.get(f"{PREFIX}/bookstore/", headers=headers)
    assert answer.status_code == 302
    assert ("Secure" in answer.headers["Set-Cookie"]) == is_secure
