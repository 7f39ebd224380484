"""A kernel of a notebook server, in which tests run code as a notebook does."""

import ast
import json
from pathlib import Path
from typing import Any, Protocol

import requests
from jupyter_client.blocking.client import BlockingKernelClient

from harness.waiting import wait_for


class Asked(Protocol):
    """A notebook server: the HOME of its user, and requests with a token."""

    home: Path

    def request(self, method: str, path: str, **options: Any) -> requests.Response: ...


class Kernel:
    """The kernel of an open notebook; a front end starts it in the same way.

    What cells print is not read: it is sent on a channel that may lose messages.
    """

    def __init__(self, server: Asked, path: str) -> None:
        self._server = server
        body = {"path": path, "name": Path(path).name, "type": "notebook"}
        answer = server.request(
            "POST", "api/sessions", json={**body, "kernel": {"name": "python3"}}
        )
        assert answer.status_code == 201, answer.text
        self.session: dict[str, Any] = answer.json()
        self.id: str = self.session["kernel"]["id"]
        runtime = server.home / ".local/share/jupyter/runtime"
        self._file = runtime / f"kernel-{self.id}.json"
        wait_for(self._file.exists, what=str(self._file))
        self._client = BlockingKernelClient(connection_file=str(self._file))

    def rename(self, path: str) -> None:
        """Rename the notebook, and its session, as a front end does."""
        old = self.session["path"]
        address = f"api/sessions/{self.session['id']}"
        body = {"path": path, "name": Path(path).name, "type": "notebook"}
        for place, content in (
            (f"api/contents/{old}", {"path": path}),
            (address, body),
        ):
            assert self._server.request("PATCH", place, json=content).ok

    def __enter__(self) -> "Kernel":
        self._client.load_connection_file()
        self._client.start_channels(iopub=False, stdin=False, hb=False, control=False)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop_channels()
        address = f"api/sessions/{self.session['id']}"
        assert self._server.request("DELETE", address).status_code == 204

    def value(self, expression: str, *, after: str = "") -> Any:
        """Return the value of an expression that JSON can hold, and run code before."""
        code = f"import json\n{after}"
        wanted = {"value": f"json.dumps({expression})"}
        sent = self._client.execute(code, user_expressions=wanted)
        reply = self._client.get_shell_msg(timeout=120)
        assert reply["parent_header"]["msg_id"] == sent
        content = reply["content"]
        assert content["status"] == "ok", "\n".join(content["traceback"])
        found = content["user_expressions"]["value"]
        assert found["status"] == "ok", "\n".join(found["traceback"])
        return json.loads(ast.literal_eval(found["data"]["text/plain"]))
