"""Content that somebody else may have written: read within bounds, and not trusted."""
