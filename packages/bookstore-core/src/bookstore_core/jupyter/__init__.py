"""The notebook server's configuration: its files, its root, its extensions."""
