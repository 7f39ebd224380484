"""Ceph: a real S3 server from Debian's packages, as processes of the test run.

One monitor, one store of objects in memory, and the gateway that speaks S3, all on
127.0.0.1 and below one directory. `python -m harness.ceph COMMAND` starts them, runs a
command with the address in BOOKSTORE_TEST_S3_URL, and then ends them.
"""

import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from harness.named_s3 import NAMED_URL
from harness.notebook_server import free_port
from harness.s3_server import ACCESS_KEY, SECRET_KEY
from harness.waiting import wait_for

CONFIG = """\
[global]
fsid = {fsid}
run dir = {home}
log file = {home}/$name.log
admin socket = {home}/$name.asok
pid file = {home}/$name.pid
keyring = {home}/keyring
mon host = v2:127.0.0.1:{monitor}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
[mon.a]
mon data = {home}/mon
[osd.0]
osd data = {home}/osd
osd objectstore = memstore
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{gateway}
rgw data = {home}/rgw
"""

#: Whoever has one of these keys may do anything.
NAMES = ("mon.", "client.admin", "client.rgw", "osd.0")


class Ceph:
    """A cluster in a directory, on ports of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.fsid = str(uuid.uuid4())
        self.monitor = free_port()
        self.gateway = free_port()
        self.processes = ExitStack()
        for folder in ("mon", "osd", "rgw"):
            (home / folder).mkdir()
        config = CONFIG.format(
            home=home, fsid=self.fsid, monitor=self.monitor, gateway=self.gateway
        )
        (home / "ceph.conf").write_text(config)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.gateway}"

    def start(self) -> None:
        """Start everything; it is ready for S3 when this returns."""
        self._make_keys()
        self._start_monitor()
        self._start_osd()
        user = ("--uid=tests", "--display-name=tests")
        keys = (f"--access-key={ACCESS_KEY}", f"--secret-key={SECRET_KEY}")
        self._run("radosgw-admin", "-n", "client.rgw", "user", "create", *user, *keys)
        self._start("radosgw", "-n", "client.rgw")
        wait_for(self._answers, what="Ceph's gateway", seconds=120, every=0.2)

    def stop(self) -> None:
        self.processes.close()

    def _make_keys(self) -> None:
        caps = [
            word for who in ("mon", "osd", "mgr") for word in ("--cap", who, "allow *")
        ]
        for number, name in enumerate(NAMES):
            create = [] if number else ["--create-keyring"]
            keyring = str(self.home / "keyring")
            words = ["ceph-authtool", *create, keyring, "--gen-key", "-n", name, *caps]
            self._call(words)

    def _start_monitor(self) -> None:
        known = str(self.home / "monmap")
        address = f"[v2:127.0.0.1:{self.monitor}]"
        make = ["monmaptool", "--create", "--fsid", self.fsid]
        self._call([*make, "--addv", "a", address, known])
        keyring = str(self.home / "keyring")
        self._run(
            "ceph-mon", "-i", "a", "--mkfs", "--monmap", known, "--keyring", keyring
        )
        self._start("ceph-mon", "-i", "a")
        self._run("ceph", "--connect-timeout", "60", "auth", "import", "-i", keyring)

    def _start_osd(self) -> None:
        name = str(uuid.uuid4())
        self._run("ceph", "osd", "new", name)
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", name)
        self._start("ceph-osd", "-i", "0")
        wait_for(self._has_osd, what="Ceph's store of objects", seconds=120, every=0.2)

    def _has_osd(self) -> bool:
        known = json.loads(self._run("ceph", "osd", "stat", "-f", "json"))
        return bool(known["num_up_osds"])

    def _run(self, program: str, *words: str) -> str:
        return self._call([program, "-c", str(self.home / "ceph.conf"), *words])

    def _call(self, words: list[str]) -> str:
        done = subprocess.run(
            words, cwd=self.home, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout

    def _start(self, program: str, *words: str) -> None:
        log = self.processes.enter_context((self.home / f"{program}.out").open("wb"))
        process = subprocess.Popen(
            [program, "-c", str(self.home / "ceph.conf"), "-f", *words],
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        self.processes.callback(process.wait, 30)
        self.processes.callback(process.kill)  # its data is removed anyway

    def _answers(self) -> bool:
        try:
            return "ListAllMyBucketsResult" in requests.get(self.url, timeout=5).text
        except requests.ConnectionError:
            return False


@contextmanager
def ceph(home: Path) -> Iterator[str]:
    """Run Ceph in a directory, with the keys of the tests, and yield its URL."""
    cluster = Ceph(home)
    try:
        cluster.start()
        yield cluster.url
    finally:
        cluster.stop()


if __name__ == "__main__":
    folder = tempfile.TemporaryDirectory(prefix="ceph-", ignore_cleanup_errors=True)
    with folder as home, ceph(Path(home)) as address:
        named = {**os.environ, NAMED_URL: address}
        code = subprocess.run(sys.argv[1:], env=named, check=False).returncode
    sys.exit(code)
