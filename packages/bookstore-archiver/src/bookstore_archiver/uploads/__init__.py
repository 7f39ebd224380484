"""Uploads from the spool to the store: order, retries, threads and status."""
