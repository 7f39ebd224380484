"""Which headers the extension passes on, to gunicorn and back."""

import pytest
from tornado.httputil import HTTPHeaders

from bookstore_web.server.gateway import answer_headers, request_headers, request_target


def headers(*pairs: tuple[str, str]) -> HTTPHeaders:
    made = HTTPHeaders()
    for name, value in pairs:
        made.add(name, value)
    return made


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "Content-Length",
        "Expect",
        "Forwarded",
        "Keep-Alive",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Proxy-User",
        "REMOTE_USER",
        "Remote-User",
        "Script-Name",
        "Script_Name",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "X-Bookstore-Context",
        "X-Forwarded-For",
        "X-Forwarded-Prefix",
        "X-Real-IP",
        "X-Remote-User",
        "X-Scheme",
        "X-Script-Name",
        "x-BOOKSTORE-context",
        "X_Bookstore_Context",
    ],
)
def test_a_request_loses_headers_that_clients_must_not_set(name: str) -> None:
    assert list(request_headers(headers((name, "1"))).get_all()) == []


@pytest.mark.parametrize(
    "name", ["Accept", "Authorization", "Content-Type", "Cookie", "Host", "X-XSRFToken"]
)
def test_a_request_keeps_the_rest(name: str) -> None:
    kept = request_headers(headers((name, "1")))
    assert [value for _, value in kept.get_all()] == ["1"]


def test_headers_that_connection_names_are_dropped() -> None:
    asked = headers(("Connection", "close, X-Once"), ("X-Once", "1"), ("X-Kept", "1"))
    assert [name for name, _ in request_headers(asked).get_all()] == ["X-Kept"]


def test_connection_cannot_drop_the_credentials() -> None:
    asked = headers(("Connection", "Host, Cookie"), ("Host", "a"), ("Cookie", "b=c"))
    assert [name for name, _ in request_headers(asked).get_all()] == ["Host", "Cookie"]


def test_an_answer_keeps_every_cookie_and_loses_headers_that_the_server_sets() -> None:
    answered = headers(
        ("Server", "gunicorn"),
        ("Date", "today"),
        ("Connection", "close"),
        ("Transfer-Encoding", "chunked"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
        ("Location", "/lab"),
    )
    assert list(answer_headers(answered)) == [
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
        ("Location", "/lab"),
    ]


def test_every_character_of_a_uri_stays_as_it_is() -> None:
    target = "/a%2Fb//c;d=e/~!$&'()*+,:@[]?x=%3F&y=%23"
    assert request_target(target) == target


def test_a_byte_that_is_invalid_in_a_uri_is_percent_encoded() -> None:
    assert request_target("/caf\xc3\xa9#top") == "/caf%C3%A9%23top"
