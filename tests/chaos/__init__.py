"""Fault suite: each acknowledged save becomes one version, whatever dies or fails."""
