"""Servers that have stopped but do not end."""

import time

import psutil
import requests

#: Seconds without work after which a server that was told to stop is asked whether it
#: still answers, and seconds that it has to answer.
IDLE_SECONDS = 3.0
ANSWER_SECONDS = 2.0


class HangingServer:
    """Watches a server that was told to stop, and tells whether it hangs.

    JupyterLab and Notebook 7 hang if they stop while a request is under way: a thread
    of AnyIO ends when the request that started it does, which is never if the event
    loop stops first. After Ctrl-C, the port of such a server is even open.
    """

    def __init__(self, pid: int, port: int) -> None:
        self._process = psutil.Process(pid)
        self._url = f"http://127.0.0.1:{port}/api"
        self._used, self._idle_since = -1.0, 0.0

    def hangs(self) -> bool:
        """Return whether it does nothing for a while, and does not answer."""
        try:
            used = sum(self._process.cpu_times()[:2])
            waits = self._process.status() == psutil.STATUS_SLEEPING
        except psutil.NoSuchProcess:
            return False
        if used != self._used or not waits:
            self._used, self._idle_since = used, time.monotonic()
        if time.monotonic() - self._idle_since < IDLE_SECONDS:
            return False
        return not self._answers()

    def kill(self) -> None:
        """Kill it."""
        self._process.kill()

    def _answers(self) -> bool:
        try:
            requests.get(self._url, timeout=ANSWER_SECONDS)
        except (requests.ConnectionError, requests.Timeout):
            return False
        return True
