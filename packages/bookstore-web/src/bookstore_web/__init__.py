"""The clone pages and the publish API, as a Flask app behind gunicorn."""
