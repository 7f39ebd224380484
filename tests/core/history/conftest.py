"""The stores under a history: those of one kind differ in nothing that it sees."""

import pytest

from core.conftest import S3_KINDS
from core.saving import Traits

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
