"""BookstoreSettings: defaults, environment, precedence, and what is missing."""

from pathlib import Path
from typing import Any

import pytest
from traitlets import TraitError
from traitlets.config import Config

from bookstore_core.settings import BookstoreSettings, validate_bookstore

DOCUMENTED = {
    "workspace_prefix": "workspace",
    "published_prefix": "published",
    "s3_access_key_id": None,
    "s3_secret_access_key": None,
    "s3_endpoint_url": "https://s3.amazonaws.com",
    "s3_region_name": "us-east-1",
    "s3_bucket": "",
    "max_threads": 16,
    "enable_s3_cloning": True,
    "fs_cloning_basedir": "",
}

ENVIRONMENT = {
    "s3_access_key_id": "JPYNB_S3_ACCESS_KEY_ID",
    "s3_secret_access_key": "JPYNB_S3_SECRET_ACCESS_KEY",
    "s3_session_token": "JPYNB_S3_SESSION_TOKEN",
    "s3_endpoint_url": "JPYNB_S3_ENDPOINT_URL",
    "s3_region_name": "JPYNB_S3_REGION_NAME",
    "s3_bucket": "JPYNB_S3_BUCKET",
}


@pytest.mark.parametrize(("name", "value"), DOCUMENTED.items())
def test_the_documented_settings_have_their_documented_defaults(
    name: str, value: Any
) -> None:
    assert getattr(BookstoreSettings(), name) == value


def test_every_setting_has_a_description() -> None:
    traits = BookstoreSettings.class_traits(config=True).items()
    own = {name for name, _ in traits} - {"log_level", "parent"}
    assert [name for name, trait in traits if name in own and not trait.help] == []


@pytest.mark.parametrize(("name", "variable"), ENVIRONMENT.items())
def test_the_environment_gives_the_defaults(
    monkeypatch: pytest.MonkeyPatch, name: str, variable: str
) -> None:
    monkeypatch.setenv(variable, "from-environment")
    assert getattr(BookstoreSettings(), name) == "from-environment"


def test_a_config_file_overrides_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JPYNB_S3_BUCKET", "from-environment")
    config = Config({"BookstoreSettings": {"s3_bucket": "from-file"}})
    assert BookstoreSettings(config=config).s3_bucket == "from-file"


def test_an_empty_variable_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JPYNB_S3_ACCESS_KEY_ID", "")
    monkeypatch.setenv("JPYNB_S3_ENDPOINT_URL", "")
    settings = BookstoreSettings()
    assert settings.s3_access_key_id is None
    assert settings.s3_endpoint_url == "https://s3.amazonaws.com"


@pytest.mark.parametrize("name", ["local_root", "spool_dir", "fs_cloning_basedir"])
def test_directories_are_absolute(name: str) -> None:
    expanded = getattr(BookstoreSettings(**{name: "~/there"}), name)
    assert expanded == str(Path.home() / "there")
    with pytest.raises(TraitError, match="absolute"):
        BookstoreSettings(**{name: "relative/path"})


def test_directories_are_in_the_data_directory_by_default() -> None:
    settings = BookstoreSettings()
    assert Path(settings.local_root).parts[-2:] == ("bookstore", "store")
    assert Path(settings.spool_dir).parts[-2:] == ("bookstore", "spool")


def test_without_a_bucket_nothing_is_configured() -> None:
    assert "s3_bucket" in BookstoreSettings().missing
    assert set(validate_bookstore(BookstoreSettings()).values()) == {False}


def test_a_bucket_or_the_local_store_is_enough() -> None:
    assert BookstoreSettings(s3_bucket="b").missing == ""
    assert BookstoreSettings(storage="local").missing == ""
    assert BookstoreSettings(storage="local").bucket == "bookstore"


def test_the_flags_list_the_enabled_features() -> None:
    settings = BookstoreSettings(
        s3_bucket="b", enable_s3_cloning=False, published_prefix=""
    )
    assert validate_bookstore(settings) == {
        "bookstore_valid": True,
        "archive_valid": True,
        "publish_valid": False,
        "s3_clone_valid": False,
        "fs_clone_valid": False,
    }


def test_cloning_from_a_directory_needs_no_store(tmp_path: Path) -> None:
    settings = BookstoreSettings(fs_cloning_basedir=str(tmp_path))
    flags = validate_bookstore(settings)
    assert [name for name, valid in flags.items() if valid] == ["fs_clone_valid"]


def test_settings_can_be_passed_to_a_child_process() -> None:
    settings = BookstoreSettings(s3_bucket="b", s3_secret_access_key="x", max_threads=3)
    again = BookstoreSettings.from_config(settings.as_config())
    assert again.as_config() == settings.as_config()


def test_no_secret_is_in_the_repr() -> None:
    settings = BookstoreSettings(s3_secret_access_key="very-secret")
    assert "very-secret" not in repr(settings)
    assert "very-secret" not in str(settings)


@pytest.mark.parametrize(
    "name", ["s3_access_key_id", "s3_secret_access_key", "s3_session_token"]
)
def test_a_secret_of_the_wrong_type_is_named_and_not_shown(name: str) -> None:
    with pytest.raises(TraitError, match=name) as refused:
        BookstoreSettings(**{name: 31415926})
    assert "31415926" not in str(refused.value)


@pytest.mark.parametrize(
    "name", ["min_interval", "late_after", "web_idle_after", "shutdown_timeout"]
)
def test_what_is_no_number_of_seconds_is_refused(name: str) -> None:
    with pytest.raises(TraitError, match=f"{name} must be a number of seconds"):
        BookstoreSettings(**{name: float("nan")})


@pytest.mark.parametrize("prefix", ["a//b", "a/../b", "./a", "..", "a\0b"])
@pytest.mark.parametrize("name", ["workspace_prefix", "published_prefix"])
def test_an_invalid_prefix_is_refused_at_once(name: str, prefix: str) -> None:
    with pytest.raises(TraitError, match=name):
        BookstoreSettings(**{name: prefix})


@pytest.mark.parametrize("prefix", ["", "/", "/workspace/kylek/", "workspace"])
def test_a_prefix_may_have_outer_slashes(prefix: str) -> None:
    assert BookstoreSettings(workspace_prefix=prefix).workspace_prefix == prefix
