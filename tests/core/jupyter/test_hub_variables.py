"""What settings take from the variables of JupyterHub, with `storage = "service"`."""

import pytest
from traitlets import TraitError

from bookstore_core.errors import ConfigurationError, StorageUnavailableError
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import describe_store, open_store
from core.saving import MakeStore, Traits
from harness.notebook_server import free_port
from harness.service import Mounted

SERVICE = "https://hub.example.org/services/bookstore/"


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({}, ""),
        ({"JUPYTERHUB_PUBLIC_HUB_URL": "https://hub.example.org/hub/"}, SERVICE),
        (
            {"JUPYTERHUB_PUBLIC_HUB_URL": "https://hub.example.org/base/hub/"},
            "https://hub.example.org/base/services/bookstore/",
        ),
        (
            {"JUPYTERHUB_HOST": "https://hub.example.org", "JUPYTERHUB_BASE_URL": "/"},
            SERVICE,
        ),
        ({"JUPYTERHUB_PUBLIC_HUB_URL": "/hub/"}, ""),
        ({"JPYNB_SERVICE_URL": SERVICE, "JUPYTERHUB_HOST": "https://other"}, SERVICE),
    ],
)
def test_the_service_of_the_hub_is_found(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = BookstoreSettings(storage="service")
    assert settings.service_url == url
    assert ("service_url" in settings.missing) == (not url)
    assert describe_store(settings) == url


def test_without_an_address_no_store_is_opened() -> None:
    with pytest.raises(ConfigurationError, match="JPYNB_SERVICE_URL"):
        open_store(BookstoreSettings(storage="service"))


@pytest.mark.parametrize(
    ("user", "prefix"),
    [("ann", "workspace/ann"), ("", "workspace"), ("..", "workspace"), ("a b", None)],
)
def test_keys_are_shown_in_the_folder_of_the_hubs_user(
    monkeypatch: pytest.MonkeyPatch, user: str, prefix: str | None
) -> None:
    monkeypatch.setenv("JUPYTERHUB_USER", user)
    shown = BookstoreSettings(storage="service").workspace_prefix
    assert shown == (prefix or f"workspace/{user}")
    assert BookstoreSettings().workspace_prefix == "workspace"
    chosen = BookstoreSettings(storage="service", workspace_prefix="mine")
    assert chosen.workspace_prefix == "mine"


def test_the_token_of_the_server_is_used_and_never_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "of-the-hub")
    assert BookstoreSettings().service_token == "of-the-hub"
    monkeypatch.setenv("JPYNB_SERVICE_TOKEN", "another")
    settings = BookstoreSettings()
    assert settings.service_token == "another"
    assert "another" not in repr(settings)
    with pytest.raises(TraitError) as raised:
        BookstoreSettings(service_token=["secret-one"])
    assert "secret-one" not in str(raised.value)


def test_an_address_begins_with_its_scheme() -> None:
    with pytest.raises(TraitError, match="service_url must be an address"):
        BookstoreSettings(service_url="hub.example.org")


def test_the_bucket_is_what_the_service_says(
    service: Traits, make_store: MakeStore, mounted: Mounted
) -> None:
    store = make_store(service)
    settings = BookstoreSettings(storage="service", service_url=store.location)
    mounted.requests.clear()
    assert [settings.bucket, settings.bucket] == [store.bucket] * 2
    assert store.bucket.startswith("bucket-")
    assert len(mounted.requests) == 2  # one of the settings, one of the store
    unreachable = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(StorageUnavailableError):
        _ = BookstoreSettings(storage="service", service_url=unreachable).bucket
