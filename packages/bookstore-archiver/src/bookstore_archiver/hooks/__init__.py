"""Wrappers around a live contents manager: saves, renames, copies, opening."""
