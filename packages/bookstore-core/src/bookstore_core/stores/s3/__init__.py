"""Versions in a versioned bucket of S3 or of a compatible server."""
