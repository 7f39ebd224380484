"""Where the catalogue is, and opening it; one that cannot be used is made again."""

import sqlite3
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from bookstore_core.errors import ConfigurationError, StorageUnavailableError
from bookstore_core.history import SHELVES
from bookstore_core.settings import BookstoreSettings
from bookstore_web.catalogue.catalogue import Catalogue
from bookstore_web.catalogue.databases.database import (
    form_of,
    newer,
    state_of,
    write_state,
)
from bookstore_web.catalogue.databases.failures import is_damage
from bookstore_web.catalogue.databases.files import (
    APPLICATION_ID,
    check_file,
    default_file,
    is_catalogue,
    make_folder,
    not_ours,
    source_of,
)
from bookstore_web.catalogue.databases.form import FORM, is_newer
from bookstore_web.catalogue.databases.index import WordIndex
from bookstore_web.catalogue.databases.old_files import hold, remove_unused
from bookstore_web.catalogue.databases.postgres import PostgresIndex
from bookstore_web.catalogue.databases.sqlite import SqliteIndex
from bookstore_web.catalogue.databases.tables import METADATA

#: Seconds to wait for a process that writes.
BUSY_SECONDS = 5
#: How SQLite writes: a file survives the end of a process, and of the machine.
SYNCHRONOUS = "NORMAL"
#: The schema of our tables in PostgreSQL.
SCHEMA = "bookstore_catalogue"


def open_catalogue(
    settings: BookstoreSettings, *, rebuild: bool = False, torn: bool = False
) -> Catalogue:
    """Return the catalogue that the settings name, made if it is missing.

    One of an older form, or a file of ours that is torn, is removed and made again, as
    with `rebuild`; one that was found to be `torn` is removed. Raises
    StorageUnavailableError if the database cannot be used now or has a newer form, and
    ConfigurationError if the settings name no database, or a file that is not ours.
    """
    try:
        return _open(settings, rebuild=rebuild, torn=torn)
    except SQLAlchemyError as error:
        if is_damage(error) and not settings.catalogue_url.startswith("postgresql"):
            return _open(settings, rebuild=rebuild, torn=True)
        raise _away(error) from error
    except OSError as error:
        raise _away(error) from error


def _open(
    settings: BookstoreSettings, *, rebuild: bool, torn: bool = False
) -> Catalogue:
    url, is_default = _url(settings)
    file = Path(url.database or "")
    catalogue = _catalogue(settings, url)
    try:
        if is_default:
            make_folder(file.parent)
            if (descriptor := hold(file)) is not None:
                catalogue.keep(descriptor)
            remove_unused(file.parent)
        if url.get_backend_name() == "sqlite":
            check_file(file, is_default=is_default, torn=torn)
        _prepare(catalogue, rebuild=rebuild)
        catalogue.note_file()
    except BaseException:
        catalogue.close()
        raise
    return catalogue


def find_catalogue(settings: BookstoreSettings) -> Catalogue | None:
    """Return the catalogue that the settings name; None if it must be made first.

    Nothing is made or changed. Raises what `open_catalogue` raises.
    """
    try:
        url, is_default = _url(settings)
        file = Path(url.database or "")
        if url.get_backend_name() == "sqlite":
            if not file.exists() or file.stat().st_size == 0:
                return None
            if not is_catalogue(file):
                if is_default:
                    return None
                raise ConfigurationError(not_ours(file))
        catalogue = _catalogue(settings, url)
        try:
            found = _form(catalogue.engine)
            if is_newer(found):
                raise newer(found)
        except BaseException:
            catalogue.close()
            raise
    except (SQLAlchemyError, OSError) as error:
        raise _away(error) from error
    if found == FORM:
        return catalogue
    catalogue.close()
    return None


def _catalogue(settings: BookstoreSettings, url: URL) -> Catalogue:
    index: WordIndex
    if url.get_backend_name() == "postgresql":
        engine, index = _postgres_engine(url), PostgresIndex()
    else:
        engine, index = _sqlite_engine(url), SqliteIndex()
    folders = {
        name: f"{shelf.prefix(settings)}/"
        for name, shelf in SHELVES.items()
        if shelf.prefix(settings)
    }
    return Catalogue(engine, index, folders=folders, source=source_of(settings))


def _away(error: Exception) -> StorageUnavailableError:
    cause = getattr(error, "orig", None) or error
    return StorageUnavailableError(
        f"The catalogue cannot be used now: {str(cause).strip().splitlines()[0]}."
    )


def describe_place(settings: BookstoreSettings) -> str:
    """Return where the catalogue is, without a password."""
    return _url(settings)[0].render_as_string(hide_password=True)


def _url(settings: BookstoreSettings) -> tuple[URL, bool]:
    """Return the address of the database, and whether it is the default one."""
    if not settings.catalogue_url:
        return URL.create("sqlite", database=str(default_file(settings))), True
    try:
        url = make_url(settings.catalogue_url)
    except ArgumentError:
        raise ConfigurationError(_NO_DATABASE) from None
    known = url.get_backend_name()
    if known == "sqlite" and url.database and Path(url.database).is_absolute():
        return url, False
    if known == "postgresql":
        return url, False
    raise ConfigurationError(_NO_DATABASE)


_NO_DATABASE = (
    "BookstoreSettings.catalogue_url names no database. Write "
    "'sqlite:////absolute/path' or 'postgresql+psycopg://user@host/name'."
)


def _sqlite_engine(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # transactions begin as `begin` says
        connection.execute(f"PRAGMA synchronous={SYNCHRONOUS}")
        connection.execute("PRAGMA secure_delete=FAST")
        connection.execute("PRAGMA cache_size=-8000")
        # Readers are stopped by a commit alone, not by a transaction that is large.
        connection.execute("PRAGMA cache_spill=OFF")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres_engine(url: URL) -> Engine:
    arguments = {
        "connect_timeout": BUSY_SECONDS,
        "options": f"-csearch_path={SCHEMA},public -cstatement_timeout=60000",
    }
    try:
        return create_engine(url, connect_args=arguments, pool_pre_ping=True)
    except (ImportError, ArgumentError):
        raise ConfigurationError(
            "The driver of PostgreSQL is missing. Install bookstore-web[postgres], and "
            "begin catalogue_url with postgresql+psycopg://."
        ) from None


def _prepare(catalogue: Catalogue, *, rebuild: bool) -> None:
    """Create the tables, or create them again if they have an older form.

    How often notebooks were cloned is kept, if it can be. Of several programs that find
    an older form, one creates them. Raises StorageUnavailableError for a newer form.
    """
    if not rebuild and _is_ready(_form(catalogue.engine)):
        return
    with catalogue.transaction() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        if not rebuild and _is_ready(form_of(connection)):
            return  # another process has created them meanwhile
        known = state_of(connection) if form_of(connection) else {}
        tables = [table for table in METADATA.sorted_tables if table.name != "clones"]
        catalogue.index.drop(connection)
        METADATA.drop_all(connection, tables=tables)
        METADATA.create_all(connection)
        catalogue.index.create(connection)
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
        # A walk that goes on through the one before is told apart from others.
        made = {"made": uuid4().hex, "walk": known.get("walk", "0")}
        write_state(connection, {"form": FORM, **made})


def _is_ready(found: str) -> bool:
    if is_newer(found):
        raise newer(found)
    return found == FORM


def _form(engine: Engine) -> str:
    with engine.connect() as connection:
        return form_of(connection)
