"""Comparing two notebooks."""
