"""The verbs `publish`, `clone`, `link`, `index` and `search`."""
