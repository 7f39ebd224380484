"""The verbs `index` and `search`."""
