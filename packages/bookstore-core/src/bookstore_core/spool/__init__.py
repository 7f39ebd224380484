"""The spool's form on disk: the archiver writes it, and other parts read it."""
