"""Saves on disk, until they are in the store."""
