"""The features that the settings may switch off: as in 2.x, they then have no route."""

from bookstore_core.errors import ConfigurationError, NotFoundError
from bookstore_core.settings import BookstoreSettings, validate_bookstore

#: By the flag of `validate_bookstore`: what it is, its setting, and why it is off.
_FEATURES = {
    "publish_valid": (
        "Publishing",
        "published_prefix",
        "BookstoreSettings.published_prefix is empty.",
    ),
    "s3_clone_valid": (
        "Cloning from the store",
        "enable_s3_cloning",
        "BookstoreSettings.enable_s3_cloning is False.",
    ),
    "fs_clone_valid": (
        "Cloning from a directory",
        "fs_cloning_basedir",
        "BookstoreSettings.fs_cloning_basedir is empty.",
    ),
}


def check_feature(flag: str, settings: BookstoreSettings) -> None:
    """Raise NotFoundError if the settings switch a feature off, with the setting.

    Raises ConfigurationError if it is off because a setting has a wrong value.
    """
    if validate_bookstore(settings)[flag]:
        return
    what, trait, reason = _FEATURES[flag]
    wrong = settings.wrong.get(trait, "")
    if flag != "fs_clone_valid" and settings.missing:
        reason = settings.missing
        wrong = reason if reason in settings.wrong.values() else wrong
    if wrong:
        raise ConfigurationError(f"{what} does not work here. {wrong}")
    raise NotFoundError(f"{what} is off here. {reason}")
