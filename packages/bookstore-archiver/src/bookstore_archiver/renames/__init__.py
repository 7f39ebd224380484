"""Renames of notebooks and folders that versions do not record yet.

The steps: `hooks/renames.py` calls `Intake.keep_moved`, which adds the rename here
(`renames`, which puts the parts together, and `pending`). The rename of a folder is
also written to the spool (`notes`; its form is in core, `spool/renamed_folders.py`). A
thread visits the notebooks of the folder (`follower`). `Intake._add` sets `moved_from`
on the first save of each. History reads it in core, `history/thread.py`.
"""
