"""In the notebook server: the extension that starts gunicorn and proxies it."""
