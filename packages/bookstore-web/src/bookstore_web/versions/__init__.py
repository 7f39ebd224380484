"""Versions compared, and restored."""
