"""A service behind a proxy that names the user: everybody has shelves of their own."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from bookstore_core.errors import ConfigurationError
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version, VersionStore
from bookstore_web import create_app

Put = Callable[..., Version]
#: The address of a client on a unix socket, as gunicorn writes it.
SOCKET = {"REMOTE_ADDR": ""}
HEADERS = {
    "auth": "header",
    "proxy_user_header": "X-Forwarded-User",
    "proxy_groups_header": "X-Forwarded-Groups",
    "admin_users": ["root"],
}


@pytest.fixture
def service(make_client: Callable[..., FlaskClient]) -> FlaskClient:
    client = make_client(**HEADERS)
    client.environ_base.update(SOCKET)
    return client


def of(name: str, groups: str = "", **more: str) -> dict[str, Any]:
    named = {"X-Forwarded-User": name, "X-Forwarded-Groups": groups}
    return {"headers": named | more}


def publish(client: FlaskClient, path: str, content: Any, **options: Any) -> Any:
    body = {"type": "notebook", "content": content}
    return client.put(f"/api/bookstore/publish/{path}", json=body, **options)


def test_everybody_has_a_workspace_of_their_own(
    service: FlaskClient, put: Put, notebook: Any
) -> None:
    put("workspace/ann/a.ipynb", notebook)
    address = "/api/bookstore/version?path=a.ipynb"
    assert service.get(address, **of("ann")).status_code == 200
    for name in ("ben", "ann/", "root"):
        assert service.get(address, **of(name)).status_code == 404
    # Once ann's is in memory, it is still hers.
    assert service.get(address, **of("ann")).status_code == 200
    assert service.get(address, **of("ben")).status_code == 404
    page = "/bookstore/view/content?path=a.ipynb&version_id=@0"
    assert service.get(page, **of("ann")).status_code == 200
    assert service.get(page, **of("ben")).status_code == 404


def test_a_clone_page_shows_what_the_reader_may_read(
    service: FlaskClient, put: Put, notebook: Any
) -> None:
    put("workspace/ann/a.ipynb", notebook)
    put("published/@team/a.ipynb", notebook)
    page = "/bookstore/clone?s3_bucket=bookstore&s3_key="
    readers = {"workspace/ann/a.ipynb": "ann", "published/@team/a.ipynb": "zoe"}
    for key, reader in readers.items():
        for path in (page, page.replace("?", "/content?")):
            assert service.get(path + key, **of(reader, "team")).status_code == 200
            assert service.get(path + key, **of("ben", "x,teams")).status_code == 403
            assert service.get(path + key, **of("root")).status_code == 200


def test_publishing_goes_to_the_publishers_folder_or_a_groups(
    service: FlaskClient, store: VersionStore, notebook: Any
) -> None:
    mine = publish(service, "deep/a.ipynb", notebook, **of("Ann B"))
    assert mine.json["s3_path"].endswith("/published/=41nn=20=42/deep/a.ipynb")
    address = "deep/a.ipynb?group=my%20team"
    ours = publish(service, address, notebook, **of("ann", "x, my team"))
    assert ours.json["s3_path"].endswith("/published/@my=20team/deep/a.ipynb")
    assert publish(service, address, notebook, **of("ann", "x")).status_code == 403
    assert publish(service, "../ben/a.ipynb", notebook, **of("ann")).status_code == 400
    version = store.head("published/@my=20team/deep/a.ipynb")
    assert version.metadata is not None
    assert version.metadata.author == "ann"


def test_the_published_shelf_lists_what_the_reader_may_read(
    service: FlaskClient, put: Put, notebook: Any
) -> None:
    for key in ("ann/a.ipynb", "@team/t.ipynb"):
        put(f"published/{key}", notebook)
    shelf = "/api/bookstore/notebooks?shelf=published&"

    def listed(name: str, groups: str, query: str) -> set[str]:
        answer = service.get(shelf + query, **of(name, groups)).json
        return {row["path"] for row in answer["notebooks"]} | set(answer["folders"])

    for name, groups, seen in (("ann", "team", True), ("ben", "", False)):
        assert ("@team" in listed(name, groups, "")) is seen
        for query in ("recent=1", "q=t"):
            found = listed(name, groups, query)
            assert ("@team/t.ipynb" in found) is seen
    assert listed("ben", "", "recent=1") == {"ann/a.ipynb"}


def test_a_member_unpublishes_and_what_was_there_is_there_again(
    service: FlaskClient, store: VersionStore, notebook: Any
) -> None:
    for name in ("zoe", "ann"):
        publish(service, "a.ipynb?group=team", notebook, **of(name, "team"))
    address = "/api/bookstore/publish/a.ipynb?group=team"
    assert service.delete(address, **of("ben")).status_code == 403
    answer = service.delete(address, **of("ann", "team"))
    assert answer.json["shown_again"]
    known = store.head("published/@team/a.ipynb").metadata
    assert known is not None
    assert known.author == "zoe"


def test_who_unpublished_is_recorded_in_the_own_folder(
    service: FlaskClient, notebook: Any
) -> None:
    publish(service, "a.ipynb", notebook, **of("ann"))
    address = "/api/bookstore/publish/a.ipynb"
    assert service.delete(address, **of("ann")).status_code == 200
    page = "/bookstore/clone?s3_bucket=bookstore&s3_key=published/ann/a.ipynb"
    assert "unpublished by ann" in service.get(page, **of("ben")).text


def test_nobody_gets_anything_without_a_name(service: FlaskClient) -> None:
    for path in ("/bookstore/", "/api/bookstore", "/api/bookstore/nothing"):
        assert service.get(path).status_code == 401
        strangers = {"environ_overrides": {"REMOTE_ADDR": "127.0.0.1"}, **of("ann")}
        assert service.get(path, **strangers).status_code == 401
    assert service.get("/api/bookstore/healthz").status_code == 200


def test_pages_of_other_sites_change_nothing(
    service: FlaskClient, notebook: Any
) -> None:
    options = of("ann", Origin="http://evil.test")
    assert publish(service, "a.ipynb", notebook, **options).status_code == 403


WRONG: dict[str, dict[str, Any]] = {
    "proxy_user_header": {"auth": "header"},
    "Leave out": {"auth": "hub", "proxy_user_header": "X-User"},
    "proxy_groups_header": {"proxy_groups_header": "X-Groups"},
    "clone_buckets": {**HEADERS, "clone_buckets": ["*"]},
    "workspace_prefix": {**HEADERS, "workspace_prefix": ""},
    "published_prefix": {**HEADERS, "published_prefix": "workspace/published"},
}


@pytest.mark.parametrize("sentence", WRONG)
def test_settings_that_protect_nothing_are_refused(sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        create_app(BookstoreSettings(storage="local", **WRONG[sentence]))


def test_an_app_that_does_not_know_who_asks_says_so(
    settings: BookstoreSettings, caplog: pytest.LogCaptureFixture
) -> None:
    create_app(BookstoreSettings.from_config(settings.as_config() | {"auth": "none"}))
    assert not caplog.records
    create_app(settings)
    assert "does not know who asks" in caplog.text


@pytest.mark.parametrize("odd", ["\xa0", "\u2003", "\u3000", "\x85", "\u200b"])
def test_a_name_with_an_odd_space_is_not_the_name_without(
    service: FlaskClient, odd: str
) -> None:
    def sent(text: str) -> str:
        return text.encode().decode("latin-1")

    url = "/api/bookstore/notebooks"
    for name in (f"{odd}ann", f"ann{odd}"):
        assert service.get(url, **of(sent(name))).status_code == 401, name
        team = {"query_string": {"shelf": "published", "prefix": "@team"}}
        answer = service.get(
            url, **team, **of("ben", sent(name.replace("ann", "team")))
        )
        assert answer.status_code in (403, 404)
