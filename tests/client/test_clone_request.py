"""The script that tries the clone endpoint: the page that it names."""

import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "ci" / "clone_request.py"
QUERY = {"s3_bucket": "b", "s3_key": "published/a b.ipynb"}
WORDS = "bookstore/clone?s3_bucket=b&s3_key=published%2Fa+b.ipynb"


@pytest.mark.parametrize(
    ("url", "socket", "begin"),
    [
        ("http://localhost:8888/user/ann", "", "http://localhost:8888/user/ann/"),
        ("http+unix://%2Frun%2Fa.sock", "/run/a.sock", "http://127.0.0.1:8899/"),
        ("http+unix://a%20b/user/ann", "'a b'", "http://127.0.0.1:8899/user/ann/"),
    ],
)
def test_the_page_of_a_clone_is_one_that_a_browser_opens(
    url: str, socket: str, begin: str
) -> None:
    page_of = runpy.run_path(str(SCRIPT))["page_of"]
    assert page_of(url, QUERY) == (socket, begin + WORDS)
