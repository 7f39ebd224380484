"""Versions as files in a directory."""
