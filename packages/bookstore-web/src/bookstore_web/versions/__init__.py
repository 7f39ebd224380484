"""Compare and restore versions."""
