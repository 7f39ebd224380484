"""The benchmark: what bookstore adds to a notebook server, measured side by side."""
