"""A standalone app: what it believes of a request, and what it tells whom."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from bookstore_core.errors import ConfigurationError
from bookstore_core.jupyter.settings_reader import read_settings
from bookstore_core.stores import Version, VersionStore
from bookstore_web import create_app
from harness.web_app import ServerSide

MakeClient = Callable[..., FlaskClient]
Put = Callable[..., Version]
PUBLISH = "/api/bookstore/publish/a.ipynb"
#: The address of a client on a unix socket, as gunicorn writes it.
SOCKET = {"REMOTE_ADDR": ""}


def publish(client: FlaskClient, content: Any, **options: Any) -> Any:
    body = {"type": "notebook", "content": content}
    return client.put(PUBLISH, json=body, **options)


def author_of(store: VersionStore) -> str:
    known = store.head("published/a.ipynb").metadata
    assert known is not None
    return known.author


@pytest.mark.parametrize("name", ["X-Forwarded-User", "Remote-User"])
def test_the_author_is_the_user_whom_the_proxy_names(
    make_client: MakeClient, store: VersionStore, notebook: Any, name: str
) -> None:
    client = make_client(proxy_user_header=name)
    headers = {name: "Ann Müller".encode().decode("latin-1")}
    answer = publish(client, notebook, headers=headers, environ_overrides=SOCKET)
    assert answer.status_code == 200, answer.text
    assert author_of(store) == "Ann Müller"


def test_without_a_header_for_users_the_author_is_unknown(
    make_client: MakeClient, store: VersionStore, notebook: Any
) -> None:
    headers = {"X-Forwarded-User": "mallory", "Remote-User": "mallory"}
    options = {"headers": headers, "environ_overrides": SOCKET}
    assert publish(make_client(), notebook, **options).status_code == 200
    assert author_of(store) == ""


@pytest.mark.parametrize(
    ("user", "address"),
    [("", ""), ("ann", "127.0.0.1"), ("a" * 201, ""), ("a\tb", ""), ("\xff", "")],
)
def test_nobody_changes_anything_without_a_name_that_is_believed(
    make_client: MakeClient, notebook: Any, user: str, address: str
) -> None:
    client = make_client(proxy_user_header="X-Forwarded-User")
    options: dict[str, Any] = {"environ_overrides": {"REMOTE_ADDR": address}}
    options["headers"] = {"X-Forwarded-User": user}
    assert publish(client, notebook, **options).status_code == 403
    assert client.get("/bookstore/", **options).status_code == 200


def test_with_a_secret_only_the_proxy_is_answered_and_believed(
    make_client: MakeClient, store: VersionStore, notebook: Any
) -> None:
    client = make_client(proxy_secret="s3cret", proxy_user_header="X-Forwarded-User")
    headers = {"X-Forwarded-User": "ann"}
    for wrong in ("", "S3cret", "s3cret2", "\xff"):
        told = {**headers, "X-Bookstore-Proxy-Secret": wrong}
        for path in ("/bookstore/", "/api/bookstore/healthz"):
            assert client.get(path, headers=told).status_code == 403
    headers["X-Bookstore-Proxy-Secret"] = "s3cret"
    assert publish(client, notebook, headers=headers).status_code == 200
    assert author_of(store) == "ann"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("books.example", 200),
        ("BOOKS.example:8443", 200),
        ("other.example:444", 200),
        ("other.example", 400),
        ("books.example.evil.test", 400),
        ("localhost", 400),
    ],
)
def test_only_allowed_hosts_are_served_and_linked(
    make_client: MakeClient, notebook: Any, host: str, status: int
) -> None:
    client = make_client(allowed_hosts=["Books.example", "other.example:444"])
    answer = publish(client, notebook, headers={"Host": host})
    assert answer.status_code == status
    assert client.get("/bookstore/", headers={"Host": host}).status_code == status
    if status == 200:
        assert answer.json["url"].startswith(f"http://{host.lower()}/bookstore/clone?")


@pytest.mark.parametrize("origin", ["http://books.example", "https://books.example:80"])
def test_a_form_must_come_from_the_same_scheme(
    client: FlaskClient, origin: str
) -> None:
    options = {"base_url": "https://books.example", "json": {}}
    refused = client.put(PUBLISH, headers={"Origin": origin}, **options)
    assert refused.status_code == 403
    assert "X-Forwarded-Proto" in refused.json["message"]
    ours = {"Origin": "https://books.example"}
    assert client.put(PUBLISH, headers=ours, **options).status_code != 403


@pytest.mark.parametrize(
    "wrong", [{"proxy_secret": 5}, {"allowed_hosts": [5]}, {"proxy_user_header": []}]
)
def test_an_app_whose_protection_is_wrong_does_not_start(wrong: dict[str, Any]) -> None:
    from traitlets.config import Config

    settings = read_settings(Config({"BookstoreSettings": wrong}))
    with pytest.raises(ConfigurationError, match="does not start"):
        create_app(settings)


@pytest.mark.parametrize("method", ["get", "post"])
def test_without_a_workspace_clone_pages_tell_nothing_of_other_keys(
    make_client: MakeClient, put: Put, notebook: Any, method: str
) -> None:
    for key in ("workspace/there.ipynb", "published/there.ipynb", "publishedx/a.ipynb"):
        put(key, notebook)
    client = make_client(workspace_prefix="")

    def answer(key: str) -> tuple[int, str]:
        fields = {"s3_bucket": "bookstore", "s3_key": key}
        options = {"query_string" if method == "get" else "data": fields}
        page = getattr(client, method)("/bookstore/clone", **options)
        return page.status_code, page.text.replace(key, "")

    refused = answer("workspace/there.ipynb")
    assert refused[0] == 403
    for key in ("workspace/no.ipynb", "publishedx/a.ipynb", "published/.bookstore/a"):
        assert answer(key) == refused
    if method == "get":
        assert answer("published/there.ipynb")[0] == 200


def test_other_apps_clone_any_key_of_the_bucket(
    make_server_side: Callable[..., ServerSide],
    client: FlaskClient,
    put: Put,
    notebook: Any,
) -> None:
    put("workspace/there.ipynb", notebook)
    page = "/bookstore/clone?s3_bucket=bookstore&s3_key=workspace/there.ipynb"
    assert client.get(page).status_code == 200
    assert make_server_side(workspace_prefix="").get(page).status_code == 200


def test_pages_keep_their_window_and_the_frame_does_not(
    client: FlaskClient, put: Put, notebook: Any
) -> None:
    put("workspace/a.ipynb", notebook)
    policies = [
        client.get(path).headers["Cross-Origin-Opener-Policy"]
        for path in ("/bookstore/", "/nothing", "/bookstore/view/content?path=a.ipynb")
    ]
    # Browsers refuse a document with both `sandbox` and another value.
    assert policies == ["same-origin", "same-origin", "unsafe-none"]


def test_a_standalone_app_serves_the_scripts_that_pages_share_with_front_ends(
    client: FlaskClient,
) -> None:
    answer = client.get("/bookstore/front/shared/times.js", buffered=True)
    assert answer.status_code == 200
    assert "javascript" in answer.mimetype
    assert answer.cache_control.no_cache
    assert client.get("/bookstore/front/shared/../jsconfig.json").status_code == 404
    assert client.get("/bookstore/front/shared/nothing.js").status_code == 404
