"""Versions of the local store removed for good, and what is no part of a version."""
