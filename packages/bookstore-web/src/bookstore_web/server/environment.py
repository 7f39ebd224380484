"""The environment variables that gunicorn gets from the notebook server."""

from collections.abc import Mapping

#: Variables of the server and the hub (tokens, cookie secrets, API URLs), and those
#: that would change how gunicorn or Flask run.
DROPPED_PREFIXES = (
    "CONFIGPROXY_",
    "FLASK_",
    "GUNICORN_",
    "JPY_",
    "JUPYTERHUB_",
    "LISTEN_",
    "WERKZEUG_",
)
DROPPED = frozenset(
    {
        "FORWARDED_ALLOW_IPS",
        "NOTIFY_SOCKET",
        "PORT",
        "SCRIPT_NAME",
        "SENDFILE",
        "WEB_CONCURRENCY",
    }
)
SECRET_WORDS = ("TOKEN", "PASSWORD", "SECRET")
KEPT = frozenset({"JUPYTERHUB_USER"})

#: What makes Python, and the malloc of glibc, keep less memory; others ignore it.
#: Threads share one arena, large blocks go back to the system at once, and tracebacks
#: show lines without columns. Values that the server has are kept.
LESS_MEMORY = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "131072",
    "PYTHONNODEBUGRANGES": "1",
}


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that gunicorn may see.

    Those for the store (``AWS_*``) and for Python are kept.
    """
    kept = {name: value for name, value in environment.items() if not _is_dropped(name)}
    return {**LESS_MEMORY, **kept}


def _is_dropped(name: str) -> bool:
    if name in KEPT:
        return False
    if name in DROPPED or name.startswith(DROPPED_PREFIXES):
        return True
    return name.startswith("JUPYTER") and any(word in name for word in SECRET_WORDS)
