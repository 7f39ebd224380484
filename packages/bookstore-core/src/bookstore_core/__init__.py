"""Settings, paths, notebooks and versioned stores: what every bookstore part needs."""

from importlib.metadata import version

__version__ = version("bookstore-core")
