"""Features that the settings switch off, or that a wrong setting stops."""

from typing import Any

import pytest

from bookstore_core.errors import ConfigurationError, NotFoundError
from bookstore_core.settings import BookstoreSettings
from bookstore_web.sharing.features import check_feature


def of(**traits: Any) -> BookstoreSettings:
    known = {"storage": "local", "local_root": "/srv", "fs_cloning_basedir": "/srv"}
    return BookstoreSettings(**(known | traits))


@pytest.mark.parametrize(
    ("flag", "trait", "off"),
    [
        ("publish_valid", "published_prefix", ""),
        ("s3_clone_valid", "enable_s3_cloning", False),
        ("fs_clone_valid", "fs_cloning_basedir", ""),
    ],
)
def test_a_feature_that_is_off_is_not_found_and_a_wrong_setting_is_named(
    flag: str, trait: str, off: object
) -> None:
    check_feature(flag, of())
    with pytest.raises(NotFoundError, match=f"is off here.*{trait}"):
        check_feature(flag, of(**{trait: off}))
    settings = of()
    settings.disable({trait: f"BookstoreSettings.{trait} is odd."})
    with pytest.raises(ConfigurationError, match=f"{trait} is odd"):
        check_feature(flag, settings)


def test_without_a_store_nothing_is_published_or_cloned_from_it() -> None:
    for flag in ("publish_valid", "s3_clone_valid"):
        with pytest.raises(NotFoundError, match="local_root is empty"):
            check_feature(flag, of(local_root=""))
    check_feature("fs_clone_valid", of(local_root=""))
