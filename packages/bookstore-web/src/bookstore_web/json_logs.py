"""Logs as JSON: one object a line, without queries and without secrets.

`gunicorn_conf.py` takes `JsonLogger` if BOOKSTORE_LOG_FORMAT is ``json``.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from gunicorn.glogging import Logger

from bookstore_web.wire import CONTEXT_KEY

#: The member of a log record with the fields of an access.
ACCESS = "bookstore_access"
#: Values of these, in a query or a header, are not logged.
SECRETS = re.compile(
    r"""(?ix)
    ( (?<![a-z0-9]) (?: [a-z0-9_-]* (?: token | secret | password | signature
                                      | credential | xsrf )
                      | code | state | key | api_key | access_key ) = ["']? )
    [^&\s"'<>]+
    """
)
AUTHORIZATION = re.compile(r"(?i)\b(bearer|token|basic)(\s+)[\w.~+/=-]{8,}")
#: Who sent a credential in a URL: ``https://name:password@host``.
USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s@\"']+@")


class JsonFormatter(logging.Formatter):
    """Formats a record as an object with time, level and logger.

    An access has the fields of `access_of`, any other record its message, and the
    traceback of an error.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        fields: dict[str, Any] = {
            "time": _moment(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        access = getattr(record, ACCESS, None)
        if access is not None:
            return json.dumps({**fields, **access})
        fields["message"] = without_secrets(record.getMessage())
        if record.exc_info:
            fields["traceback"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(fields)


class JsonLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's logger, with lines of JSON; so are those of the app's own loggers."""

    def setup(self, cfg: Any) -> None:
        """Set up the handlers of gunicorn, and one for all other loggers."""
        super().setup(cfg)
        handlers = [*self.error_log.handlers, *self.access_log.handlers]
        others = logging.StreamHandler(sys.stderr)
        logging.root.handlers[:] = [others]
        logging.captureWarnings(True)
        for handler in (*handlers, others):
            handler.setFormatter(JsonFormatter())

    def access(
        self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta
    ) -> None:
        """Log a request that was answered."""
        fields = access_of(resp, req, environ, request_time)
        self.access_log.info("", extra={ACCESS: fields})


def access_of(
    resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta
) -> dict[str, Any]:
    """Return what is logged of a request: its path has no query."""
    raw = getattr(req, "path", None) or environ.get("RAW_URI") or ""
    known = environ.get(CONTEXT_KEY)
    return {
        "method": environ.get("REQUEST_METHOD") or "",
        "path": re.split(r"[?#]", str(raw), maxsplit=1)[0],
        "status": int(str(resp.status).split(None, 1)[0]),
        "duration": round(request_time.total_seconds(), 6),
        "bytes": getattr(resp, "sent", None) or 0,
        "user": getattr(known, "user", "") or "",
        "client": environ.get("REMOTE_ADDR") or "",
    }


def without_secrets(text: str) -> str:
    """Return a text without the values of what looks like a secret."""
    text = USERINFO.sub(r"\1...@", SECRETS.sub(r"\1...", text))
    return AUTHORIZATION.sub(r"\1\2...", text)


def _moment(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
