"""jupyter_config.py.example, loaded by the traitlets of either generation."""

import re
from pathlib import Path

import pytest
from traitlets.config import Config, PyFileConfigLoader

from bookstore_core.jupyter.settings_reader import read_settings
from bookstore_core.settings import BookstoreSettings
from harness.notebook_server import TOP

EXAMPLE = TOP / "jupyter_config.py.example"
#: The settings, and the configuration of 2.x.
COMMENTED = re.compile(r"^# (c\.|from bookstore )", re.MULTILINE)


#: A setting: the lines of its comment, its name and its value.
SETTING = re.compile(
    r"^((?:# (?!c\.).*\n)+)# c\.BookstoreSettings\.(\w+) = (.*?)(?:  #.*)?$",
    re.MULTILINE,
)


def load(folder: Path, text: str) -> Config:
    (folder / "jupyter_config.py").write_text(text)
    return PyFileConfigLoader("jupyter_config.py", path=str(folder)).load_config()


def test_the_example_keeps_versions_beside_it_or_in_a_bucket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = EXAMPLE.read_text("utf-8")
    settings = read_settings(load(tmp_path, text))
    assert (settings.storage, settings.wrong) == ("local", {})
    assert settings.local_root == str(tmp_path / "store")
    monkeypatch.setenv("JPYNB_S3_BUCKET", "our-notebooks")
    assert read_settings(load(tmp_path, text)).storage == "s3"


def test_every_setting_of_the_example_can_be_set(tmp_path: Path) -> None:
    config = load(tmp_path, COMMENTED.sub(r"\1", EXAMPLE.read_text("utf-8")))
    names = BookstoreSettings.class_trait_names(config=True)
    assert sorted(config.BookstoreSettings) == sorted(names)
    assert read_settings(config).wrong == {}
    manager = config.NotebookApp.contents_manager_class
    assert manager is config.ServerApp.contents_manager_class


def test_the_example_says_what_the_help_says_and_has_the_defaults() -> None:
    traits = BookstoreSettings.class_traits(config=True)
    found = SETTING.findall(EXAMPLE.read_text("utf-8"))
    assert sorted(name for _, name, _ in found) == sorted(traits)
    for comment, name, value in found:
        said = " ".join(line[2:] for line in comment.splitlines())
        assert said == " ".join(str(traits[name].help).split()), name
        default = getattr(BookstoreSettings(), name)
        if default not in ("", None, [], {}) and not str(default).startswith("/"):
            assert eval(value) == default, name  # noqa: S307
