"""The spool's form on disk, which the archiver writes and others read."""
