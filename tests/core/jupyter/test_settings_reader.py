"""Reading settings with wrong values."""

import json

import pytest
from traitlets.config import Config, LoggingConfigurable

from bookstore_core.jupyter.settings_reader import read_settings
from bookstore_core.settings import BookstoreSettings, validate_bookstore


def of(**traits: object) -> BookstoreSettings:
    return read_settings(Config({"BookstoreSettings": traits}))


def test_right_values_leave_nothing_wrong() -> None:
    settings = of(s3_bucket="b", max_threads=3)
    assert (settings.wrong, settings.max_threads) == ({}, 3)


def test_each_wrong_value_has_a_sentence_and_the_others_are_used() -> None:
    settings = of(s3_bucket="b", max_threads=0, fs_cloning_basedir="Users/x")
    assert settings.s3_bucket == "b"
    assert settings.wrong["max_threads"].endswith("Its default is used: 16.")
    assert settings.wrong["fs_cloning_basedir"] == (
        "BookstoreSettings.fs_cloning_basedir must be an absolute path, not 'Users/x'. "
        "Nothing is cloned from a directory."
    )
    assert settings.missing == ""


@pytest.mark.parametrize(
    ("traits", "flag"),
    [
        ({"workspace_prefix": 5}, "archive_valid"),
        ({"published_prefix": "a//b"}, "publish_valid"),
        ({"enable_s3_cloning": "maybe"}, "s3_clone_valid"),
        ({"fs_cloning_basedir": "x"}, "fs_clone_valid"),
    ],
)
def test_a_wrong_value_disables_what_it_is_about(
    traits: dict[str, object], flag: str
) -> None:
    basedir = {"fs_cloning_basedir": "/srv"}
    valid = validate_bookstore(of(**{"s3_bucket": "b", **basedir, **traits}))
    assert [name for name, works in valid.items() if not works] == [flag]


def test_no_store_is_opened_with_a_wrong_setting_of_it() -> None:
    settings = of(s3_bucket="b", s3_server_side_encryption="rot13")
    assert settings.missing == settings.wrong["s3_server_side_encryption"]
    assert "Saves wait in the spool" in settings.missing
    assert settings.unarchived == ""


def test_a_wrong_secret_is_not_shown() -> None:
    settings = of(s3_bucket="b", s3_secret_access_key=12345)
    assert "12345" not in str(settings.wrong)


def test_gunicorn_gets_the_sentences_too() -> None:
    settings = of(s3_bucket="b", published_prefix="a//b")
    line = json.dumps(settings.as_config())
    again = BookstoreSettings.from_config(json.loads(line))
    assert again.wrong == settings.wrong
    assert again.published_prefix == ""


def test_settings_of_one_server_application_are_read() -> None:
    parent = LoggingConfigurable(
        config=Config({"BookstoreSettings": {"max_threads": 0}})
    )
    settings = read_settings(parent.config, parent=parent)
    assert settings.max_threads == 16


@pytest.mark.parametrize("prefix", ["", "/", "//"])
def test_without_a_workspace_prefix_nothing_is_archived(prefix: str) -> None:
    settings = of(s3_bucket="b", workspace_prefix=prefix)
    assert not validate_bookstore(settings)["archive_valid"]
    assert "workspace_prefix is empty" in settings.unarchived


@pytest.mark.parametrize("name", ["spool_dir", "local_root", "fs_cloning_basedir"])
@pytest.mark.parametrize("value", ["~no-such-user/x", "/srv/a\0b", "/srv/\ud800"])
def test_a_directory_that_cannot_exist_is_a_wrong_value(name: str, value: str) -> None:
    settings = of(storage="local", **{name: value})
    assert list(settings.wrong) == [name]
    assert settings.unarchived == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_interval", float("nan")),
        ("min_interval", float("inf")),
        ("shutdown_timeout", float("nan")),
        ("shutdown_timeout", 1e300),
        ("web_idle_after", float("nan")),
        ("max_threads", 10**9),
    ],
)
def test_a_number_that_cannot_be_used_is_a_wrong_value(name: str, value: float) -> None:
    settings = of(s3_bucket="b", **{name: value})
    assert "Its default is used" in settings.wrong[name]


@pytest.mark.parametrize(
    "traits",
    [
        {"storage": "local", "s3_region_name": 5},
        {"s3_bucket": "b", "local_root": "relative"},
        {"s3_bucket": "b", "local_mode": "rwx"},
    ],
)
def test_a_wrong_setting_of_the_other_kind_of_store_stops_nothing(
    traits: dict[str, object],
) -> None:
    settings = of(**traits)
    assert settings.missing == ""
    [sentence] = settings.wrong.values()
    assert sentence.endswith("It is not used now: it is about another storage.")


def test_every_setting_of_a_store_counts_while_its_kind_is_wrong() -> None:
    settings = of(storage="S3", local_root="relative")
    assert settings.missing
    assert "Saves wait in the spool" in settings.wrong["local_root"]


def test_a_wrong_value_does_not_stand_for_a_store() -> None:
    assert "No store is configured" in of(max_threads=0).unarchived
    assert "No store is configured" in of(workspace_prefix=5).unarchived
