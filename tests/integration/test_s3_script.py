"""The S3 server that `make s3` runs for local trials."""

import re
import subprocess
import sys
from itertools import takewhile

from harness.notebook_server import TOP
from harness.s3_server import s3_client

SCRIPT = [sys.executable, str(TOP / "ci" / "s3_server.py")]


def test_the_s3_server_prints_what_reaches_its_versioned_bucket_and_stops() -> None:
    with subprocess.Popen(
        [*SCRIPT, "--bucket=tried"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            printed = "".join(takewhile("make run\n".__ne__, process.stdout))
            known = dict(re.findall(r"export JPYNB_S3_(\w+)=(\S+)", printed))
            client = s3_client(known["ENDPOINT_URL"])
            found = client.get_bucket_versioning(Bucket=known["BUCKET"])
            assert (known["BUCKET"], found["Status"]) == ("tried", "Enabled")
        finally:
            process.terminate()
    assert process.returncode == 0
