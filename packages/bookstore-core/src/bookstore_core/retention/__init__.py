"""Which versions of a notebook are kept: rules alone, as those of restic's `forget`.

Nothing here knows a store. What is always kept, whatever the rules say, is decided in
`bookstore_core/upkeep/prune.py`.
"""
