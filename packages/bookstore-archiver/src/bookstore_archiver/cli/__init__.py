"""The verbs of `jupyter bookstore` that archive and restore."""
