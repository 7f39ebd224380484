"""Versions in a versioned bucket of S3, or of a server that speaks S3."""
