"""Work on a whole store, for people and timers: versions removed, or copied."""
