"""Run an S3 server with a versioned bucket, for `make run` and for trying things.

``make s3`` starts it. What it keeps is in memory, and gone when it stops.
"""

import argparse
import signal
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from botocore.exceptions import ClientError

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from harness.ministack import ministack
from harness.s3_server import ACCESS_KEY, SECRET_KEY, make_bucket, s3_client

EXPORTS = """\
An S3 server runs; Ctrl-C stops it. In another terminal:

export JPYNB_S3_BUCKET={bucket}
export JPYNB_S3_ENDPOINT_URL={url}
export JPYNB_S3_ACCESS_KEY_ID={access_key}
export JPYNB_S3_SECRET_ACCESS_KEY={secret_key}
make run
"""


def main() -> None:
    """Start the server, make the bucket, print how to use it, wait for Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--bucket", default="bookstore")
    bucket = parser.parse_args().bucket
    for end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(end, signal.default_int_handler)
    with (
        suppress(KeyboardInterrupt),
        tempfile.TemporaryDirectory() as home,
        ministack(Path(home)) as url,
    ):
        try:
            make_bucket(s3_client(url), bucket)
        except ClientError as error:
            sys.exit(f"The bucket {bucket!r} was not made: {error}")
        known = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
        print(EXPORTS.format(bucket=bucket, url=url, **known), flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
