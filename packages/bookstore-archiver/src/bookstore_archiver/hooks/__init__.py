"""Wrappers around a live contents manager: saves, renames, opening."""
