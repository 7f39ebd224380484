"""The release that this is."""

from importlib.metadata import version

RELEASE = version("bookstore-web")
