"""Cloning and publishing notebooks."""
