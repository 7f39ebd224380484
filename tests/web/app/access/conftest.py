"""Fixtures of a service: the app, as a hub runs it, and the hub."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from harness.fake_hub import FakeHub, environment_of
from harness.serving import serving

PREFIX = "/services/bookstore"


@pytest.fixture(scope="module")
def hub_address() -> Iterator[tuple[FakeHub, str]]:
    hub = FakeHub()
    with serving(hub) as url:
        yield hub, url


@pytest.fixture
def hub(hub_address: tuple[FakeHub, str], monkeypatch: pytest.MonkeyPatch) -> FakeHub:
    """A hub that answers, and is in the environment."""
    hub, url = hub_address
    hub.__init__()  # type: ignore[misc]
    for name, value in environment_of(url).items():
        monkeypatch.setenv(name, value)
    return hub


@pytest.fixture
def make_service(
    make_client: Callable[..., FlaskClient], hub: FakeHub
) -> Iterator[Callable[..., FlaskClient]]:
    """Make a browser at the service of a hub; two share what replicas share."""
    made: list[FlaskClient] = []

    def make(**traits: Any) -> FlaskClient:
        made.append(make_client(auth="hub", **traits))
        return made[-1]

    yield make
    for client in made:
        client.application.extensions["bookstore.hub"].close()


@pytest.fixture
def service(make_service: Callable[..., FlaskClient]) -> FlaskClient:
    return make_service()
