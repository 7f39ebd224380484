"""The `jupyter bookstore` command: one module for each verb."""
