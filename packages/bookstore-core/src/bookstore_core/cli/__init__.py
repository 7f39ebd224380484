"""The `jupyter bookstore` command: one module for each verb.

A new verb is a module here with a subclass of `command.Verb`, or of
`notebook_verb.NotebookVerb` if its first word is a notebook, and a line in
`bookstore.commands` of the package's pyproject.toml.
"""
