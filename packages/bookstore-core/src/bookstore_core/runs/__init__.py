"""Runs: notebooks that were executed by papermill, as versions."""
