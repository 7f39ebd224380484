"""Try the clone endpoint of a running server, as a program and in a browser.

With `make run` in another terminal, and something published there:

    .venv/bin/python ci/clone_request.py published/welcome.ipynb --open

It asks the API to clone, prints the answer, and prints (or opens) the page where a
person confirms the same clone. Without --url it finds the server that runs here. No
browser opens a unix socket: the answer then says how a port leads to it.
"""

import argparse
import shlex
import sys
import webbrowser
from collections.abc import Mapping
from urllib.parse import unquote, urlencode

from bookstore_client import BookstoreClient
from bookstore_client.connection import UNIX
from bookstore_client.errors import BookstoreError

#: The port that is proposed for a unix socket.
PORT = 8899


def main() -> None:
    """Clone as the words on the command line say."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("s3_key")
    parser.add_argument("--bucket", default="bookstore")
    parser.add_argument("--version-id", default="")
    parser.add_argument("--target-path", default="")
    parser.add_argument("--url", default="", help="of the server, with its base URL")
    parser.add_argument("--token", default="")
    parser.add_argument("--open", action="store_true", help="open the page, too")
    given = parser.parse_args()
    try:
        client = BookstoreClient(given.bucket, url=given.url, token=given.token)
        named = {"s3_key": given.s3_key, "target_path": given.target_path}
        print(client.clone(**named, version_id=given.version_id))
    except BookstoreError as error:
        sys.exit(f"{type(error).__name__}: {error}")
    query = {"s3_bucket": given.bucket, "s3_version_id": given.version_id, **named}
    socket, page = page_of(client.url, query)
    if socket:
        bridge = f"socat TCP-LISTEN:{PORT},bind=127.0.0.1,fork UNIX-CONNECT:{socket}"
        print(f"No browser opens a unix socket. While this runs:\n  {bridge}\nopen:")
    print(page)
    if given.open and not socket:
        webbrowser.open(f"{page}&{urlencode({'token': client.token})}")


def page_of(url: str, query: Mapping[str, str]) -> tuple[str, str]:
    """Return the unix socket of a server, if any, as a shell reads it, and the page."""
    socket = ""
    if url.startswith(UNIX):
        name, slash, base = url.removeprefix(UNIX).partition("/")
        socket = shlex.quote(unquote(name))
        url = f"http://127.0.0.1:{PORT}{slash}{base}"
    return socket, f"{url}/bookstore/clone?{urlencode(query)}"


if __name__ == "__main__":
    main()
