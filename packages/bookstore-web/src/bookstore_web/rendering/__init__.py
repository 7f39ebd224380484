"""A notebook as a document to look at."""
