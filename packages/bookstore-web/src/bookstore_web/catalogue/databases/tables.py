"""The tables of the catalogue, the same in every database.

The tables that a search looks into are beside them, in a form of each database:
`sqlite.py` and `postgres.py`.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

METADATA = MetaData()

#: Text that is compared by its code points, as keys in a store are.
_PLAIN = String().with_variant(String(collation="C"), "postgresql")
_ID = BigInteger().with_variant(Integer(), "sqlite")

#: A row for each key: what a listing says, and since `read_at` what its content says.
#: Times are seconds since 1970. `who`, `kernels` and `labelled` are words with a space
#: around each; `labels` are lines. `walk` is the number of the walk that saw it last.
NOTEBOOKS = Table(
    "notebooks",
    METADATA,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("key", _PLAIN, nullable=False, unique=True),
    Column("shelf", String, nullable=False),
    Column("path", _PLAIN, nullable=False),
    Column("version_id", String, nullable=False, server_default=""),
    Column("size", BigInteger, nullable=False),
    Column("stored_at", Float(53), nullable=False),
    Column("saved_at", Float(53), nullable=False),
    Column("author", Text, nullable=False, server_default=""),
    Column("who", Text, nullable=False, server_default=""),
    Column("title", Text, nullable=False, server_default=""),
    Column("note", Text, nullable=False, server_default=""),
    Column("kernel", Text, nullable=False, server_default=""),
    Column("kernels", Text, nullable=False, server_default=""),
    Column("imports", Text, nullable=False, server_default=""),
    Column("labels", Text, nullable=False, server_default=""),
    Column("labelled", Text, nullable=False, server_default=""),
    Column("read_at", Float(53)),
    Column("text_id", BigInteger),
    Column("walk", Integer, nullable=False, server_default="0"),
)
#: With the time of the save, so that what was saved since is passed over in the index.
Index(
    "notebooks_latest",
    *(NOTEBOOKS.c.shelf, NOTEBOOKS.c.stored_at, NOTEBOOKS.c.saved_at),
)
Index(
    "notebooks_unread",
    NOTEBOOKS.c.stored_at,
    sqlite_where=NOTEBOOKS.c.read_at.is_(None),
    postgresql_where=NOTEBOOKS.c.read_at.is_(None),
)

#: The sources of notebooks, packed, in the order in which they were read: SQLite fills
#: its pages if it only adds rows after the others.
TEXTS = Table(
    "texts",
    METADATA,
    Column("id", _ID, primary_key=True, autoincrement=False),
    Column("packed", LargeBinary, nullable=False),
)

#: What is known of the catalogue itself, by name.
STATE = Table(
    "state",
    METADATA,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)

#: How often a notebook was cloned.
CLONES = Table(
    "clones",
    METADATA,
    Column("key", _PLAIN, primary_key=True),
    Column("number", Integer, nullable=False),
)
