"""Running notebooks by papermill, and keeping the results as versions."""
