"""Renames of notebooks and folders, until the store has them."""
