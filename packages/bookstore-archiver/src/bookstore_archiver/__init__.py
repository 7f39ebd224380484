"""Every save of a notebook becomes a version: save, spool, store."""
