"""The Jupyter config files, read as a notebook server reads them."""

from pathlib import Path

import pytest
from traitlets.config import Config

from bookstore_core.errors import ConfigurationError
from bookstore_core.jupyter.config_files import (
    NAMES,
    load_config,
    load_settings,
    misspelt_settings,
)
from bookstore_core.settings import DEFAULT_ENDPOINT_URL


@pytest.fixture
def config_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "jupyter"
    directory.mkdir()
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(directory))
    monkeypatch.chdir(tmp_path)
    return directory


def test_settings_come_from_the_notebook_servers_config_file(config_dir: Path) -> None:
    (config_dir / "jupyter_notebook_config.py").write_text(
        "c.BookstoreSettings.s3_bucket = 'from-py'\n"
    )
    assert load_settings().s3_bucket == "from-py"


def test_the_server_config_wins_over_the_notebook_config(config_dir: Path) -> None:
    (config_dir / "jupyter_notebook_config.py").write_text(
        "c.BookstoreSettings.s3_bucket = 'classic'\n"
        "c.BookstoreSettings.max_threads = 3\n"
    )
    (config_dir / "jupyter_server_config.json").write_text(
        '{"BookstoreSettings": {"s3_bucket": "modern"}}'
    )
    settings = load_settings()
    assert (settings.s3_bucket, settings.max_threads) == ("modern", 3)


def test_a_config_file_wins_over_the_environment(
    config_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPYNB_S3_BUCKET", "from-environment")
    assert load_settings().s3_bucket == "from-environment"
    (config_dir / "jupyter_config.json").write_text(
        '{"BookstoreSettings": {"s3_bucket": "from-file"}}'
    )
    assert load_settings().s3_bucket == "from-file"


def test_the_files_that_were_read_are_named(config_dir: Path) -> None:
    path = config_dir / "jupyter_config.py"
    path.write_text("")
    assert path in load_config().files


@pytest.mark.parametrize("text", ["c.Bookstore(", "raise RuntimeError('x')", "1/0"])
def test_a_broken_config_file_is_named(config_dir: Path, text: str) -> None:
    path = config_dir / "jupyter_notebook_config.py"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=str(path)):
        load_settings()


def test_a_value_of_the_wrong_type_is_named(config_dir: Path) -> None:
    config = Config({"BookstoreSettings": {"max_threads": "many"}})
    assert "max_threads" in load_settings(config).wrong


def test_a_misspelt_setting_is_reported_with_the_right_name() -> None:
    config = Config({"BookstoreSettings": {"s3_bukcet": "x", "s3_bucket": "y"}})
    assert misspelt_settings(config) == [
        "There is no setting BookstoreSettings.s3_bukcet. Did you mean s3_bucket?"
    ]


@pytest.mark.parametrize("suffix", [".py", ".json"])
@pytest.mark.parametrize("name", NAMES)
def test_config_files_in_the_current_directory_are_not_read(
    config_dir: Path, tmp_path: Path, name: str, suffix: str
) -> None:
    path = tmp_path / f"{name}{suffix}"
    path.write_text("raise SystemExit('it ran')" if suffix == ".py" else "{")
    assert load_config().files == ()
    assert load_settings().s3_endpoint_url == DEFAULT_ENDPOINT_URL


@pytest.mark.parametrize("variable", ["JUPYTER_CONFIG_PATH", "JUPYTER_CONFIG_DIR"])
def test_an_empty_entry_of_the_search_path_is_not_the_current_directory(
    config_dir: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, ":/opt/etc/jupyter:" if "PATH" in variable else "")
    Path("jupyter_config.py").write_text("raise SystemExit('it ran')")
    assert Path() not in [path.parent for path in load_config().files]
