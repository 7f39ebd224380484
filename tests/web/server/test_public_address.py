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


@pytest.mark.parametrize("given", ["https://books.org/x", "https://books.org/x/"])
def test_the_setting_comes_first(given: str) -> None:
    assert public_address(given, ORIGIN, "/", USER) == "https://books.org/x/"
