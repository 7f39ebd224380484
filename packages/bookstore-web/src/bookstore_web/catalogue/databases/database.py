"""The database of a catalogue: connections, transactions, and what its errors mean."""

import os
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, delete, insert, inspect, select
from sqlalchemy.exc import SQLAlchemyError

from bookstore_core.errors import StorageError, StorageUnavailableError
from bookstore_web.catalogue.databases import form
from bookstore_web.catalogue.databases.failures import is_damage, is_loss, is_refusal
from bookstore_web.catalogue.databases.index import WordIndex
from bookstore_web.catalogue.databases.tables import STATE


class Database:
    """One database. Safe to use from several threads and processes.

    What is asked and written raises StorageUnavailableError if the database cannot be
    used now, or has another form meanwhile, and StorageError if it refuses a value.
    """

    def __init__(self, engine: Engine, index: WordIndex) -> None:
        self.engine = engine
        self.index = index
        # Who forgets it without `close` leaves no connection open.
        weakref.finalize(self, engine.dispose).atexit = False
        #: Whether its file was found to be damaged: it must be made again.
        self.damaged = False
        self._lost = False
        self._opened: os.stat_result | None = None
        self._held: Callable[[], object] = lambda: None

    def keep(self, descriptor: int) -> None:
        """Keep a descriptor open as long as the catalogue; see `hold`."""
        self._held = weakref.finalize(self, os.close, descriptor)

    def note_file(self) -> None:
        """Remember which file it is, if it is one."""
        if self.engine.dialect.name == "sqlite":
            self._opened = os.stat(self.engine.url.database or "")

    @property
    def is_gone(self) -> bool:
        """Whether it must be opened again.

        Its tables or its file were removed, or another program gave it another form.
        """
        if self._opened is None or self._lost:
            return self._lost
        try:
            found = os.stat(self.engine.url.database or "")
        except OSError:
            return True
        return not os.path.samestat(found, self._opened)

    def close(self) -> None:
        """Close the connections to the database."""
        self.engine.dispose()
        self._held()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Return a connection for a request that changes nothing.

        All that it reads is of one moment, as it is in SQLite.
        """
        with self._translated(), self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            self._check_form(connection)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Return a connection for changes, which all happen or none.

        One process writes at a time.
        """
        with self._translated(writes=True), self.transaction() as connection:
            self._check_form(connection)
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Return a connection as `writing` does, and raise what SQLAlchemy raises.

        The form may be any, or none yet.
        """
        with self.engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin():
                self.index.lock(connection)
                yield connection

    def _check_form(self, connection: Connection) -> None:
        """Refuse what a program with another form has made since it was opened."""
        found = state_of(connection).get("form", "")
        if found == form.FORM:
            return
        self._lost = True
        if form.is_newer(found):
            raise newer(found)
        raise StorageUnavailableError(
            "The catalogue cannot be used now: another program has made it again. Try "
            "again."
        )

    @contextmanager
    def _translated(self, *, writes: bool = False) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            self.damaged = self.damaged or is_damage(error)
            self._lost = self._lost or is_loss(error)
            reason = str(cause).strip().splitlines() or [type(cause).__name__]
            if writes and is_refusal(error):
                raise StorageError(f"The catalogue refuses it: {reason[0]}.") from error
            remedy = " 'jupyter bookstore index --rebuild' makes it again."
            raise StorageUnavailableError(
                f"The catalogue cannot be used now: {reason[0]}."
                f"{remedy if is_damage(error) else ''}"
            ) from error


def newer(found: str) -> StorageUnavailableError:
    """Return the error for a catalogue of a newer form."""
    return StorageUnavailableError(form.NEWER.format(form=found, known=form.FORM))


def form_of(connection: Connection) -> str:
    """Return the form of a catalogue; empty if there is none."""
    if not inspect(connection).has_table(STATE.name):
        return ""
    return state_of(connection).get("form", "")


def state_of(connection: Connection) -> dict[str, str]:
    """Return what is known of the catalogue itself, by name."""
    rows = connection.execute(select(STATE.c.name, STATE.c.value))
    return {name: value for name, value in rows}


def write_state(connection: Connection, values: Mapping[str, str]) -> None:
    """Record what is known of the catalogue itself."""
    connection.execute(delete(STATE).where(STATE.c.name.in_(list(values))))
    rows = [{"name": name, "value": value} for name, value in values.items()]
    connection.execute(insert(STATE), rows)
