"""What `doctor` and `status` say about the catalogue."""

from collections.abc import Iterator
from datetime import UTC, datetime

from bookstore_core.clock import utc_now
from bookstore_core.errors import BookstoreError
from bookstore_core.humanize import say_count, say_span
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Finding
from bookstore_web.catalogue.databases.files import default_file

MAKE = "Run 'jupyter bookstore index'"


def check_catalogue(
    settings: BookstoreSettings, *, thorough: bool
) -> Iterator[Finding]:
    """Yield a finding about the catalogue, if one is named or was made.

    Unless it is `thorough`, no database in the network is asked. Nothing is made.
    """
    url = settings.catalogue_url
    if settings.storage == "service" or settings.missing:
        return
    if not url and not default_file(settings).exists():
        return  # most servers: nobody has searched
    if url.startswith("postgresql") and not thorough:
        return
    try:
        yield _look(settings)
    except BookstoreError as error:
        yield Finding(
            False,
            str(error),
            "Correct BookstoreSettings.catalogue_url, start the database, or make the "
            "catalogue again: 'jupyter bookstore index --rebuild'. Searches look at "
            "paths alone meanwhile.",
        )


def _look(settings: BookstoreSettings) -> Finding:
    # Imported on demand: SQLAlchemy takes 13 MB.
    from bookstore_web.catalogue.answers import Answers
    from bookstore_web.catalogue.place import describe_place, find_catalogue

    named = f"The catalogue {describe_place(settings)}"
    catalogue = find_catalogue(settings)
    if catalogue is None:
        return Finding(True, f"{named} is not made yet. {MAKE}, or search.")
    try:
        state, (total, unread) = catalogue.state(), Answers(catalogue).counts()
    finally:
        catalogue.close()
    source = state.get("source")
    if source and source != catalogue.source:
        return Finding(
            False,
            f"{named} was made from {source}, not from {catalogue.source}.",
            f"Set BookstoreSettings.catalogue_url to another database, or {MAKE} "
            "--rebuild, if nobody else uses this one.",
        )
    if not state.get("known_at"):
        return Finding(True, f"{named} is not complete. {MAKE}: it goes on.")
    behind = utc_now() - datetime.fromtimestamp(float(state["known_at"]), UTC)
    ago = say_span(max(0.0, behind.total_seconds()))
    sentence = f"{named} has {say_count(total, 'notebook')}, as of {ago} ago"
    if unread:
        return Finding(
            True, f"{sentence}; {unread} are found by their paths alone. {MAKE}."
        )
    return Finding(True, f"{sentence}.")
