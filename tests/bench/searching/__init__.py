"""Search and what was saved last, in catalogues of up to 300,000 notebooks."""
