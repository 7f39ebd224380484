"""The tables of the catalogue, and what SQLite and PostgreSQL do each in their way."""
