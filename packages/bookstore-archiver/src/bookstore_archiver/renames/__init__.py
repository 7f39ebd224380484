"""Renames of notebooks and folders that versions do not record yet."""
