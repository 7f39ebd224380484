"""Programs that know different forms of a catalogue, and share one."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from bookstore_core.errors import StorageUnavailableError
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionStore
from bookstore_web.catalogue.answers import Answers
from bookstore_web.catalogue.catalogue import Catalogue
from bookstore_web.catalogue.check import check_catalogue
from bookstore_web.catalogue.databases.database import state_of, write_state
from bookstore_web.catalogue.databases.form import FORM, is_newer
from bookstore_web.catalogue.extracts import extract
from bookstore_web.catalogue.keeper import Keeper
from bookstore_web.catalogue.place import find_catalogue, open_catalogue
from harness.sources import notebook_of
from harness.waiting import wait_for

NEWER, OLDER = "99 99.0.0", "1 1.0.0"


@pytest.fixture
def give_form(catalogue: Catalogue) -> Callable[[str], None]:
    """Give the catalogue another form, as another program does."""

    def give(form: str) -> None:
        with catalogue.transaction() as connection:
            write_state(connection, {"form": form})

    return give


@pytest.fixture
def keeper(
    catalogue: Catalogue, catalogue_settings: BookstoreSettings, store: VersionStore
) -> Iterator[Keeper]:
    known = Keeper(catalogue_settings, open_store=lambda: store, extractor=extract)
    with closing(known):
        yield known


def count(settings: BookstoreSettings) -> int:
    with closing(open_catalogue(settings)) as opened:
        return Answers(opened).counts()[0]


def test_numbers_of_forms_are_compared() -> None:
    assert is_newer("10 15.0.0", "9 15.1.0")
    assert is_newer("3 15.10.0", "3 15.9.0")
    assert not is_newer("3 15.0.0", "3 15.0.0")
    assert not is_newer("", "3 15.0.0")


def test_an_open_catalogue_of_a_newer_form_is_not_written_to(
    catalogue: Catalogue,
    give_form: Callable[[str], None],
    put: Callable[..., object],
    walk: Callable[[], object],
) -> None:
    put("workspace/a.ipynb", notebook_of("1"))
    give_form(NEWER)
    with pytest.raises(StorageUnavailableError, match="a newer program has made it"):
        walk()
    with pytest.raises(StorageUnavailableError, match="a newer program has made it"):
        Answers(catalogue).counts()
    give_form(FORM)
    assert Answers(catalogue).counts() == (0, 0)


def test_a_catalogue_of_a_newer_form_is_not_made_again(
    catalogue: Catalogue,
    catalogue_settings: BookstoreSettings,
    give_form: Callable[[str], None],
) -> None:
    catalogue.set_state(kept="yes")
    give_form(NEWER)
    for act in (open_catalogue, find_catalogue):
        with pytest.raises(StorageUnavailableError, match="in form 99"):
            act(catalogue_settings)
    (finding,) = check_catalogue(catalogue_settings, thorough=True)
    assert "Upgrade this program" in finding.sentence
    give_form(FORM)
    assert catalogue.state()["kept"] == "yes"


def test_the_newer_program_makes_it_again_once(
    catalogue: Catalogue,
    catalogue_settings: BookstoreSettings,
    give_form: Callable[[str], None],
) -> None:
    catalogue.count_clone("workspace/a.ipynb")
    give_form(OLDER)

    def start(number: int) -> None:
        with closing(open_catalogue(catalogue_settings)) as opened:
            opened.set_state(**{f"started-{number}": "yes"})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(start, range(4)))
    with catalogue.transaction() as connection:
        state = state_of(connection)
    assert sum(name.startswith("started-") for name in state) == 4
    assert state["form"] == FORM


def test_a_program_goes_on_when_its_catalogue_was_made_again(
    put: Callable[..., object],
    keeper: Keeper,
    give_form: Callable[[str], None],
) -> None:
    put("workspace/a.ipynb", notebook_of("1"))
    keeper.ask(lambda catalogue: None)
    give_form(OLDER)  # somebody went back, and has ended
    with pytest.raises(StorageUnavailableError, match="has made it again"):
        keeper.ask(lambda catalogue: Answers(catalogue).counts())
    keeper.catch_up()
    wait_for(
        lambda: keeper.ask(lambda asked: Answers(asked).counts()) == (1, 0),
        what="the catalogue",
    )


def test_who_goes_back_makes_it_again_when_told_to(
    catalogue_settings: BookstoreSettings, give_form: Callable[[str], None]
) -> None:
    give_form(NEWER)
    open_catalogue(catalogue_settings, rebuild=True).close()
    assert count(catalogue_settings) == 0
