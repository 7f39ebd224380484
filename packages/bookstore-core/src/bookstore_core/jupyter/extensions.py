"""Checks whether a notebook server would load our extensions, without starting one."""

import json
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_config_path
from traitlets.config import Config

from bookstore_core.stores.findings import Finding

#: Our distributions that extend a notebook server, and what each one does there.
PLUGINS = {
    "bookstore-archiver": "it archives saves",
    "bookstore-web": "it publishes and clones notebooks",
}


def _installed(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def has_classic() -> bool:
    """Whether the notebook server of this environment is Notebook 6 or older."""
    major = _installed("notebook").partition(".")[0]
    return major.isdigit() and int(major) < 7


def check_extensions(config: Config) -> Iterator[Finding]:
    """Yield for each installed plug-in whether the notebook server would load it."""
    plugins = {name: does for name, does in PLUGINS.items() if _installed(name)}
    if not has_classic() and not _installed("jupyter_server"):
        yield Finding(True, "No notebook server is installed in this environment.")
        return
    enabled = enabled_extensions(config)
    for distribution, does in plugins.items():
        module = distribution.replace("-", "_")
        ours = module == "bookstore_archiver" and _is_our_manager(config)
        if ours or enabled.get(module) or enabled.get("bookstore"):
            yield Finding(True, f"{module} is enabled: {does}.")
        else:
            yield Finding(
                False,
                f"{module} is installed but not enabled in the notebook server.",
                f"Run: {_enabling_command(module)}",
            )


def _enabling_command(module: str) -> str:
    if has_classic():
        package = "bookstore" if _installed("bookstore") else module
        return f"jupyter serverextension enable --py {package} --sys-prefix"
    return f"jupyter server extension enable --sys-prefix {module}"


def _section(config: Config) -> tuple[str, str, str]:
    """Return the base name of the config files, the class and the trait to read."""
    if has_classic():
        return "jupyter_notebook_config", "NotebookApp", "nbserver_extensions"
    return "jupyter_server_config", "ServerApp", "jpserver_extensions"


def enabled_extensions(config: Config) -> dict[str, bool]:
    """Return which extension modules are enabled; later sources override earlier."""
    name, app, trait = _section(config)
    enabled: dict[str, bool] = {}
    for directory in reversed(jupyter_config_path()):
        folder = Path(directory)
        for path in (*sorted((folder / f"{name}.d").glob("*.json")),):
            enabled |= _read(path).get(app, {}).get(trait, {})
        enabled |= _read(folder / f"{name}.json").get(app, {}).get(trait, {})
    set_in_config = config.get(app, {}).get(trait, {})
    return enabled | (set_in_config if isinstance(set_in_config, dict) else {})


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}  # ignored here; the server reports a broken file itself
    return value if isinstance(value, dict) else {}


def _is_our_manager(config: Config) -> bool:
    for app in ("NotebookApp", "ServerApp"):
        manager = config.get(app, {}).get("contents_manager_class")
        if "BookstoreContentsArchiver" in str(getattr(manager, "__name__", manager)):
            return True
    return False
