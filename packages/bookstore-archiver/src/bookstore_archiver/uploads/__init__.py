"""From the spool to the store: which save is sent when, and what follows."""
