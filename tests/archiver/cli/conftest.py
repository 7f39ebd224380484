"""The local store and the spool of a test, and the words that choose them."""

from pathlib import Path

import pytest

from bookstore_core.settings import BookstoreSettings


@pytest.fixture
def settings(tmp_path: Path, spool_dir: Path) -> BookstoreSettings:
    return BookstoreSettings(
        storage="local", local_root=str(tmp_path / "store"), spool_dir=str(spool_dir)
    )


@pytest.fixture
def words(settings: BookstoreSettings) -> tuple[str, ...]:
    """Words that choose the local store and the spool of the test."""
    return (
        "--BookstoreSettings.storage=local",
        f"--BookstoreSettings.local_root={settings.local_root}",
        f"--BookstoreSettings.spool_dir={settings.spool_dir}",
    )
