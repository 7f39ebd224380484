"""gunicorn as a notebook server starts it: its command, with fewer imports."""

from bookstore_web.slim import put_off

put_off()

from gunicorn.app.wsgiapp import run  # noqa: E402  # after that

if __name__ == "__main__":
    run(prog="gunicorn")
