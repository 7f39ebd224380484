"""Reading settings so that a wrong value disables only what it is about."""

from typing import Any

from traitlets import TraitError
from traitlets.config import Config

from bookstore_core.errors import ConfigurationError
from bookstore_core.settings import BookstoreSettings

_SECTION = BookstoreSettings.__name__


def read_settings(config: Config, *, parent: Any = None) -> BookstoreSettings:
    """Return the settings in `config`; `wrong` has a sentence for each wrong value.

    `parent` is the server application that they belong to, if any. What a wrong value
    is about is disabled, or its default is used: see `BookstoreSettings`. Raises
    ConfigurationError if the values cannot be used even so.
    """
    try:
        return _checked(BookstoreSettings(config=config, parent=parent))
    except TraitError:
        section = config.get(_SECTION, {})
    errors, good = {}, {}
    for name, value in section.items():
        try:
            BookstoreSettings(config=Config({_SECTION: {name: value}}))
        except TraitError as error:
            errors[name] = str(error).rstrip(".")
        else:
            good[name] = value
    try:
        settings = _checked(BookstoreSettings(config=Config({_SECTION: good})))
    except TraitError as error:
        raise ConfigurationError(f"{_SECTION}: {error}") from error
    settings.wrong = dict(errors)
    settings.disable(
        {name: f"{errors[name]}. {_consequence(settings, name)}" for name in errors}
    )
    return settings


def _checked(settings: BookstoreSettings) -> BookstoreSettings:
    settings.as_config()  # defaults from the environment are computed late
    return settings


def _consequence(settings: BookstoreSettings, name: str) -> str:
    trait = BookstoreSettings.class_traits()[name]
    if settings.counts_for_store(name):
        return "Saves wait in the spool until it is corrected."
    if "of_store" in trait.metadata:
        return "It is not used now: it is about another storage."
    if "if_wrong" in trait.metadata:
        _, sentence = trait.metadata["if_wrong"]
        return str(sentence)
    return f"Its default is used: {getattr(BookstoreSettings(), name)!r}."
