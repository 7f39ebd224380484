"""Places that versions can be copied to, and those that cannot."""

from pathlib import Path

import pytest

from bookstore_core.errors import ConfigurationError, InvalidRequestError
from bookstore_core.settings import BookstoreSettings
from bookstore_core.upkeep.target import open_target


@pytest.mark.parametrize(
    "place",
    ["", "s3://", "s3:///x", "https://x/y", "s3://x/../y", "~nobody-here/x", "a\0b"],
)
def test_a_place_that_is_none_is_refused(
    settings: BookstoreSettings, place: str
) -> None:
    with pytest.raises(InvalidRequestError):
        open_target(place, settings)


def test_a_store_is_not_copied_onto_itself(settings: BookstoreSettings) -> None:
    with pytest.raises(ConfigurationError, match="is the store that is copied"):
        open_target(settings.local_root, settings)


def test_a_directory_within_the_store_is_no_target(
    settings: BookstoreSettings, tmp_path: Path
) -> None:
    root = Path(settings.local_root)
    (tmp_path / "link").symlink_to(root)
    for place in (
        root / "bookstore" / "a",
        tmp_path / "link",
        f"{root}/../{root.name}",
    ):
        with pytest.raises(ConfigurationError, match="one is within the other"):
            open_target(str(place), settings)
    within = {"local_root": str(root / "bookstore" / "old")}
    inner = BookstoreSettings.from_config({**settings.as_config(), **within})
    with pytest.raises(ConfigurationError, match="one is within the other"):
        open_target(settings.local_root, inner)
