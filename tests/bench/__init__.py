"""The benchmark: notebook servers with and without bookstore, measured in turn."""
