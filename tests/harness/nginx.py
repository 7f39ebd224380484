"""nginx, with the configuration that docs/deploy.md gives, on a port of its own."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import requests

from harness.listening import write_certificate
from harness.notebook_server import TOP, free_port
from harness.waiting import wait_for

#: Debian has it where only root looks: apt-get install nginx-light.
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

CONFIG = """\
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{documented}
}}
"""


def documented_config(first: str) -> str:
    """Return the block of docs/deploy.md whose first line is `first`."""
    text = (TOP / "docs" / "deploy.md").read_text()
    blocks = re.findall(r"```nginx\n(.*?)```", text, re.S)
    return next(block for block in blocks if block.startswith(first))


class Nginx:
    """nginx for https; `replaced` are texts of the documented configuration.

    `name` is that of the host in it, without its domain.
    """

    def __init__(
        self,
        folder: Path,
        config: str,
        replaced: Mapping[str, str],
        *,
        name: str = "books",
    ) -> None:
        folder.mkdir()
        self._folder = folder
        self._port = free_port()
        certificate, key = folder / "certificate.pem", folder / "key.pem"
        write_certificate(certificate, key)
        known = {
            "listen 443 ssl": f"listen 127.0.0.1:{self._port} ssl",
            f"/etc/ssl/{name}.example.org.pem": str(certificate),
            f"/etc/ssl/{name}.example.org.key": str(key),
            **replaced,
        }
        for text, replacement in known.items():
            assert text in config, text
            config = config.replace(text, replacement)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            CONFIG.format(folder=folder, user=user, documented=config)
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._port}"

    @property
    def certificate(self) -> str:
        """The file of the certificate."""
        return str(self._folder / "certificate.pem")

    def session(self, user: str) -> requests.Session:
        """Return a session that logs a user in, and believes the certificate."""
        session = requests.Session()
        session.trust_env = False
        session.verify = self.certificate
        session.auth = (user, "password")
        return session

    def __enter__(self) -> "Nginx":
        assert NGINX is not None
        command = [
            NGINX,
            "-p",
            str(self._folder),
            "-c",
            str(self._folder / "nginx.conf"),
        ]
        self._process = subprocess.Popen(
            [*command, "-e", str(self._folder / "error.log")]
        )
        wait_for(self._is_up, what=f"nginx ({self._folder})")
        return self

    def _is_up(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "error.log").read_text()
        try:
            return self.session("nobody").get(self.url, timeout=10).status_code > 0
        except requests.ConnectionError:
            return False

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(30)
