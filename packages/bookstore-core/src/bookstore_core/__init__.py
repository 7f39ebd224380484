"""Settings, paths, notebooks and versioned stores, for all parts of bookstore."""

from importlib.metadata import version

__version__ = version("bookstore-core")
