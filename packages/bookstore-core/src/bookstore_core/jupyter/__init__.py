"""The notebook server's configuration: files, root directory, extensions."""
