"""What the rows of a list of versions show."""
