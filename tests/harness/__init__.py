"""Real servers for the tests: notebook servers of both generations, and S3."""
