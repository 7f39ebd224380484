"""The settings of the store that is looked after."""

from pathlib import Path

import pytest

from bookstore_core.settings import BookstoreSettings


@pytest.fixture
def settings(tmp_path: Path) -> BookstoreSettings:
    values = {"storage": "local", "local_root": str(tmp_path / "first")}
    return BookstoreSettings.from_config(values)
