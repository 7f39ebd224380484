"""Where the catalogue is: a file of SQLite, or an address."""

from pathlib import Path

import pytest

from bench.searching.corpus import Corpus, content_of, key_of
from bookstore_core.errors import ConfigurationError, StorageUnavailableError
from bookstore_core.settings import BookstoreSettings
from bookstore_web.catalogue.answers import Answers
from bookstore_web.catalogue.catalogue import Catalogue
from bookstore_web.catalogue.place import describe_place, open_catalogue
from bookstore_web.catalogue.walk import Walk


@pytest.fixture
def catalogue_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/catalogue.sqlite"


@pytest.mark.parametrize("torn", [b"not a database", b"SQLite format 3\0" + b"x" * 80])
def test_a_file_that_is_not_ours_is_kept(
    catalogue_settings: BookstoreSettings, tmp_path: Path, torn: bytes
) -> None:
    file = tmp_path / "catalogue.sqlite"
    file.write_bytes(torn)
    with pytest.raises(ConfigurationError, match="is not a catalogue"):
        open_catalogue(catalogue_settings)
    assert file.read_bytes() == torn


def test_a_torn_file_of_ours_is_made_again(
    catalogue_settings: BookstoreSettings, catalogue: Catalogue, tmp_path: Path
) -> None:
    catalogue.close()
    file = tmp_path / "catalogue.sqlite"
    data = file.read_bytes()
    file.write_bytes(data[:100] + b"\xff" * (len(data) - 100))
    again = open_catalogue(catalogue_settings)
    assert Answers(again).counts() == (0, 0)
    again.close()


def test_a_catalogue_of_another_form_is_made_again(
    catalogue_settings: BookstoreSettings,
    catalogue: Catalogue,
) -> None:
    catalogue.count_clone("workspace/a.ipynb")
    catalogue.set_state(form="0")
    catalogue.close()
    again = open_catalogue(catalogue_settings)
    assert Answers(again).counts() == (0, 0)
    assert Answers(again).clones(["workspace/a.ipynb"]) == {"workspace/a.ipynb": 1}
    again.close()


def test_a_locked_catalogue_is_said_to_be_away(
    catalogue: Catalogue,
    catalogue_settings: BookstoreSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bookstore_web.catalogue.place.BUSY_SECONDS", 0)
    other = open_catalogue(catalogue_settings)
    with (
        catalogue.writing(),
        pytest.raises(StorageUnavailableError, match="cannot be used now"),
    ):
        other.set_state(x="1")
    other.close()


def test_a_password_is_in_no_sentence() -> None:
    settings = BookstoreSettings(catalogue_url="mysql://ann:hidden@host/x")
    with pytest.raises(ConfigurationError) as caught:
        open_catalogue(settings)
    assert "hidden" not in str(caught.value)


def test_a_driver_that_is_missing_is_named(settings: BookstoreSettings) -> None:
    settings.catalogue_url = "postgresql+nodriver://x/y"
    with pytest.raises(ConfigurationError, match=r"Install bookstore-web\[postgres\]"):
        open_catalogue(settings)


def test_a_server_that_is_away_is_said_without_its_password(
    settings: BookstoreSettings, tmp_path: Path
) -> None:
    pytest.importorskip("psycopg")
    url = f"postgresql+psycopg://ann:hidden@/x?host={tmp_path}"
    settings.catalogue_url = url
    with pytest.raises(StorageUnavailableError, match="cannot be used now") as caught:
        open_catalogue(settings)
    assert "hidden" not in str(caught.value) + describe_place(settings)


def test_a_catalogue_of_text_alone_is_no_more_than_twice_as_large(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    corpus = Corpus()
    corpus.grow(600)
    walk = Walk(corpus, catalogue, threads=1)
    list(walk.list())
    list(walk.read())
    indexed = sum(len(content_of(number)) for number in range(600))
    assert (tmp_path / "catalogue.sqlite").stat().st_size < 2.2 * indexed


def test_a_catalogue_grows_no_faster_by_one_notebook_after_another(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    corpus = Corpus()
    corpus.grow(300)
    walk = Walk(corpus, catalogue, threads=1)
    keys = [key_of(number) for number in range(300)]
    for begin in range(0, 300, 10):
        walk.read_now(keys[begin : begin + 10])
    indexed = sum(len(content_of(number)) for number in range(300))
    assert (tmp_path / "catalogue.sqlite").stat().st_size < 1.6 * indexed
