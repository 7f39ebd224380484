"""Histories, and the stores under them."""

import pytest

from bookstore_core.history import History
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version, VersionStore
from core.conftest import S3_KINDS
from core.saving import Traits
from core.threads import save_thread

#: The best double of S3, and the service that the variable names. What the others
#: answer is tested by the contract of stores.
S3 = [kind for kind in S3_KINDS if kind in {"ministack", "named_s3"}] or ["s3_server"]


@pytest.fixture(params=["local", *S3])
def traits(request: pytest.FixtureRequest) -> Traits:
    """The settings of a directory and of S3."""
    value: Traits = request.getfixturevalue(request.param)
    return value


@pytest.fixture(params=S3)
def s3_traits_in_turn(request: pytest.FixtureRequest) -> Traits:
    """The settings of S3."""
    value: Traits = request.getfixturevalue(request.param)
    return value


@pytest.fixture
def history(store: VersionStore) -> History:
    """A history that refuses what is larger than a hundred bytes."""
    return History(store, BookstoreSettings(max_notebook_size=100))


@pytest.fixture
def thread(store: VersionStore) -> list[Version]:
    """Five versions, newest first, of which the older two are under the old path."""
    return save_thread(store)
