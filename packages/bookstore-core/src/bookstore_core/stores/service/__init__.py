"""ServiceStore: versions kept by the bookstore service, which is asked over HTTP."""
