"""The address at which other people reach the pages."""

import pytest

from bookstore_web.server.public_address import public_address

ORIGIN = "https://hub.example.org"
USER = {"JUPYTERHUB_SERVICE_PREFIX": "/user/ann/", "JUPYTERHUB_BASE_URL": "/"}


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "https://hub.example.org/user/ann/"),
        (USER, "https://hub.example.org/hub/user-redirect/"),
        (
            {**USER, "JUPYTERHUB_BASE_URL": "/jupyter/"},
            "https://hub.example.org/jupyter/hub/user-redirect/",
        ),
        (
            {**USER, "JUPYTERHUB_HOST": "https://example.org"},
            "https://example.org/hub/user-redirect/",
        ),
        (
            {**USER, "JUPYTERHUB_PUBLIC_HUB_URL": "https://public.example.org/hub/"},
            "https://public.example.org/hub/user-redirect/",
        ),
    ],
)
def test_below_a_hub_it_leads_to_the_readers_own_server(
    environment: dict[str, str], expected: str
) -> None:
    assert public_address("", ORIGIN, "/user/ann/", environment) == expected


@pytest.mark.parametrize(
    ("own", "origin", "is_own"),
    [
        ("http://127.0.0.1:42991/user/ann/", "http://127.0.0.1:42991", True),
        ("http://0.0.0.0:8888/user/ann/", "http://127.0.0.1:8888", True),
        ("http://0.0.0.0:8888/user/ann/", "http://10.0.0.1:8888", False),
        ("http://127.0.0.1:42991/user/ann/", "http://127.0.0.1:8000", False),
        ("http://127.0.0.1:odd/", "http://127.0.0.1:42991", False),
        ("", ORIGIN, False),
    ],
)
def test_past_the_hubs_proxy_a_link_leads_to_this_server(
    own: str, origin: str, is_own: bool
) -> None:
    hub = {**USER, "JUPYTERHUB_SERVICE_URL": own}
    address = public_address("", origin, "/user/ann/", hub)
    expected = "/user/ann/" if is_own else "/hub/user-redirect/"
    assert address == origin + expected
    told = {**hub, "JUPYTERHUB_PUBLIC_HUB_URL": "https://example.org/hub/"}
    redirect = "https://example.org/hub/user-redirect/"
    assert public_address("", origin, "/user/ann/", told) == redirect


@pytest.mark.parametrize("given", ["https://books.org/x", "https://books.org/x/"])
def test_the_setting_comes_first(given: str) -> None:
    assert public_address(given, ORIGIN, "/", USER) == "https://books.org/x/"
