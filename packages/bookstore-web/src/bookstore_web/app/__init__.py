"""The Flask app, which gunicorn serves."""
