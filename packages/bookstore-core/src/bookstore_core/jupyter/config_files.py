"""The Jupyter config files, read as the notebook server reads them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from jupyter_core.paths import jupyter_config_path
from traitlets.config import Config
from traitlets.config.loader import (
    ConfigFileNotFound,
    JSONFileConfigLoader,
    PyFileConfigLoader,
)

from bookstore_core.errors import ConfigurationError
from bookstore_core.jupyter.settings_reader import read_settings
from bookstore_core.settings import BookstoreSettings

#: Base names of the files; later ones override earlier ones.
NAMES = ("jupyter_config", "jupyter_notebook_config", "jupyter_server_config")
_LOADERS = ((".py", PyFileConfigLoader), (".json", JSONFileConfigLoader))
UMBRELLA = "bookstore"
_SECTION = BookstoreSettings.__name__


@dataclass(frozen=True)
class LoadedConfig:
    """The merged config, and the files that it was read from, the strongest last."""

    config: Config
    files: tuple[Path, ...] = field(default=())


def config_directories() -> list[Path]:
    """Return the directories of Jupyter's config files, the strongest first.

    They are those of ``jupyter --paths``. The current directory is none of them: it may
    contain files of other people, and a config file is a program. An empty entry, as
    ``JUPYTER_CONFIG_PATH=/opt/etc:$JUPYTER_CONFIG_PATH`` makes one, would mean it.
    """
    return [Path(entry) for entry in jupyter_config_path() if entry]


def load_config() -> LoadedConfig:
    """Read every Jupyter config file that a notebook server of this user would read.

    Raises ConfigurationError, naming the file, if one cannot be executed or parsed.
    """
    merged = Config()
    files: list[Path] = []
    for name in NAMES:
        for directory in reversed(config_directories()):
            for suffix, loader in _LOADERS:
                path = directory / f"{name}{suffix}"
                found = _load_file(path, loader)
                if found is not None:
                    merged.merge(found)
                    files.append(path)
    return LoadedConfig(merged, tuple(files))


def _load_file(
    path: Path, loader: type[PyFileConfigLoader] | type[JSONFileConfigLoader]
) -> Config | None:
    try:
        with _umbrella():
            config: Config = loader(path.name, path=str(path.parent)).load_config()
    except ConfigFileNotFound:
        return None
    # A config file is a program, so that it can raise any exception.
    except Exception as error:
        raise ConfigurationError(
            f"The config file {path} cannot be read: {type(error).__name__}: {error}"
        ) from error
    return config


@contextmanager
def _umbrella() -> Iterator[None]:
    """Let a config file import BookstoreContentsArchiver if it is not installed.

    The notebook server needs it. gunicorn and our command read the same file, and may
    run in an environment without the umbrella package.
    """
    if find_spec(UMBRELLA) is not None:
        yield
        return
    stand_in = ModuleType(UMBRELLA)
    manager = type("BookstoreContentsArchiver", (), {})
    stand_in.BookstoreContentsArchiver = manager  # type: ignore[attr-defined]
    sys.modules[UMBRELLA] = stand_in
    try:
        yield
    finally:
        del sys.modules[UMBRELLA]


def load_settings(config: Config | None = None) -> BookstoreSettings:
    """Return the settings of the Jupyter config files, or of `config` if given.

    Wrong values are in their `wrong`. Raises ConfigurationError if a file cannot be
    used.
    """
    return read_settings(load_config().config if config is None else config)


def misspelt_settings(config: Config) -> list[str]:
    """Return a sentence for each setting in `config` that does not exist."""
    known = BookstoreSettings.class_trait_names(config=True)
    sentences = []
    for name in config.get(_SECTION, {}):
        if name in known:
            continue
        near = get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        sentences.append(f"There is no setting {_SECTION}.{name}.{hint}")
    return sentences
