"""What errors of the databases mean for a catalogue."""

import sqlite3

from sqlalchemy.exc import DataError, OperationalError, SQLAlchemyError

#: Classes of PostgreSQL's errors that are about a value: invalid data, limits.
_REFUSALS = ("22", "54")
#: PostgreSQL's errors for a table and a schema that there are not.
_MISSING = ("42P01", "3F000")


def is_damage(error: SQLAlchemyError) -> bool:
    """Return whether an error means that a file of SQLite is torn."""
    # None of its subclasses: those are locks, full disks, and errors of our own.
    return type(getattr(error, "orig", None)) is sqlite3.DatabaseError


def is_loss(error: SQLAlchemyError) -> bool:
    """Return whether somebody has removed the tables of an open catalogue."""
    no_table = isinstance(error, OperationalError) and "no such table" in str(
        error.orig
    )
    return no_table or _state(error) in _MISSING


def is_refusal(error: SQLAlchemyError) -> bool:
    """Return whether a value is the reason: PostgreSQL has limits for some."""
    return isinstance(error, DataError) or _state(error).startswith(_REFUSALS)


def _state(error: SQLAlchemyError) -> str:
    return str(getattr(getattr(error, "orig", None), "sqlstate", None))
