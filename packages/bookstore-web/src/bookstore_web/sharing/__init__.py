"""Cloning and publishing: from one notebook server to another."""
