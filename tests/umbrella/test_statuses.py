"""HTTP statuses of errors: of checkpoints, and of the web app."""

from bookstore_archiver.server import checkpoints
from bookstore_core.errors import TooLargeError
from bookstore_web.app import failures


def test_checkpoints_and_the_web_app_have_the_same_status_for_an_error() -> None:
    both = checkpoints.STATUS.keys() & failures.STATUS.keys()
    assert both == checkpoints.STATUS.keys()
    for kind in both:
        assert checkpoints.STATUS[kind] == failures.STATUS[kind], kind


def test_a_version_over_the_size_limit_has_the_same_status_too() -> None:
    error = TooLargeError("a.ipynb is over the limit.")
    assert checkpoints.status_of(error) == failures.status_of(error)


def test_what_is_no_error_of_ours_is_a_failure_of_the_server() -> None:
    assert checkpoints.status_of(OSError()) == 500
