"""Fault suite: whatever dies or fails in between, an acknowledged save arrives once."""
