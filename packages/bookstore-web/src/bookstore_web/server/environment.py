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


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that gunicorn may see.

    Those for the store (``AWS_*``) and for Python are kept.
    """
    return {name: value for name, value in environment.items() if not _is_dropped(name)}


def _is_dropped(name: str) -> bool:
    if name in KEPT:
        return False
    if name in DROPPED or name.startswith(DROPPED_PREFIXES):
        return True
    return name.startswith("JUPYTER") and any(word in name for word in SECRET_WORDS)
