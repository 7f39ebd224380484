"""The worker behind a notebook server: memory that its first requests have freed."""

import subprocess
import sys

import pytest

from bookstore_web.gunicorn_launched import FIRST
from bookstore_web.server.environment import LESS_MEMORY

#: Takes 40 MB in pieces, frees all but some, and says what is given back, in MB.
CODE = """if True:
    import ctypes, sys
    from types import SimpleNamespace
    from bookstore_web.gunicorn_launched import post_request
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "malloc_trim"):
        sys.exit("no malloc_trim")
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    size = 40_000
    pieces = [libc.malloc(size) for _ in range(1000)]
    for piece in pieces:
        ctypes.memset(piece, 1, size)
    for number, piece in enumerate(pieces):
        if number % 20:
            libc.free(piece)
    def used():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096 / 1e6
    before = used()
    post_request(SimpleNamespace(nr=int(sys.argv[1])), None, None, None)
    print(round(before - used()))
"""


def given_back(requests: int) -> int:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(requests)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=LESS_MEMORY,
    )
    if "no malloc_trim" in done.stderr:
        pytest.skip("only glibc gives memory back")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_what_the_first_requests_have_freed_is_given_back() -> None:
    assert given_back(FIRST) >= 20
    assert given_back(FIRST + 1) == 0
