"""What differs between two notebooks."""
