"""The bookstore service in gunicorn, behind a proxy that knows people by tokens."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import urllib3
from werkzeug.wrappers import Request, Response

from bookstore_web.app.standalone import SECRET_HEADER
from harness.notebook_server import TOP, free_port
from harness.serving import serving
from harness.waiting import wait_for

SECRET = "of the proxy"
USER_HEADER = "X-Forwarded-User"
GUARDED = {
    "auth": "header",
    "proxy_user_header": USER_HEADER,
    "proxy_secret": SECRET,
}


class TokenProxy:
    """A WSGI app: passes requests to the service, with the name for their token.

    `url` is where the service is. A service that does not answer is a 502 as of nginx.
    """

    def __init__(self, url: str, people: dict[str, str]) -> None:
        self._url = url
        self._people = people
        self._pool = urllib3.PoolManager(maxsize=20)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        token = request.headers.get("Authorization", "").removeprefix("token ")
        kept = {n: v for n, v in request.headers if n.lower() not in DROPPED}
        kept |= {USER_HEADER: self._people.get(token, ""), SECRET_HEADER: SECRET}
        try:
            answer = self._pool.request(
                request.method,
                self._url + request.full_path.rstrip("?"),
                body=request.get_data(),
                headers=kept,
                retries=False,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError:
            page = Response("<h1>502 Bad Gateway</h1>", 502, mimetype="text/html")
            return page(environ, start_response)
        headers = {n: v for n, v in answer.headers.items() if n.lower() not in DROPPED}
        return Response(answer.data, answer.status, headers)(environ, start_response)


DROPPED = {"host", "connection", "content-length", "transfer-encoding", "keep-alive"}


class ServiceProcess:
    """gunicorn with the service, on a port of its own, which can be killed."""

    def __init__(
        self, home: Path, environment: dict[str, str] | None = None, **traits: Any
    ) -> None:
        self._home = home
        self._environment = environment or {}
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"
        home.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"BookstoreSettings": {**GUARDED, **traits}})
        (home / "jupyter_config.json").write_text(text)

    def start(self) -> None:
        """Start it; return when it answers."""
        settings = ("-c", "python:bookstore_web.gunicorn_conf")
        where = ("--bind", f"127.0.0.1:{self._port}", "bookstore_web:create_app()")
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(TOP / ".venv/bin/gunicorn"), *settings, *where],
                env={
                    **os.environ,
                    "JUPYTER_CONFIG_DIR": str(self._home),
                    **self._environment,
                },
                cwd=self._home,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for(self._answers, what=f"the service ({self._home / 'log'})")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """Kill it with all of its workers, in the middle of whatever they do."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _answers(self) -> bool:
        try:
            url = f"{self.url}/api/bookstore/healthz"
            headers = {SECRET_HEADER: SECRET}
            answer = urllib3.request("GET", url, headers=headers, retries=False)
            return answer.status == 200
        except urllib3.exceptions.HTTPError:
            return False


@contextmanager
def running_service(
    home: Path, people: dict[str, str], **traits: Any
) -> Iterator[tuple[str, ServiceProcess]]:
    """Run a service and its proxy; yield the URL of the proxy, and the service."""
    service = ServiceProcess(home, **traits)
    try:
        service.start()
        with serving(TokenProxy(service.url, people)) as url:
            yield url, service
    finally:
        service.kill()
