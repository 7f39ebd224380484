"""The notebooks on the shelves: folders, search, the latest ones."""
