"""Versions of the local store removed for good."""
