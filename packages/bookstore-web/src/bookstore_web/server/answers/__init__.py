"""What the notebook server answers itself, so that no gunicorn has to run for it."""
