"""The form of a catalogue: which program can read it, and write into it."""

import unicodedata

#: Ids of notebooks that were stored in one second: they are in the order of the times.
IDS_PER_SECOND = 16
#: The form of the tables, and of the words in them, which Python's Unicode data cuts.
FORM = f"5 {unicodedata.unidata_version}"
#: What a program says that does not know the form of a catalogue.
NEWER = (
    "The catalogue cannot be used now: a newer program has made it, in form {form}, "
    "and this one knows form {known}. Upgrade this program or its Python, or set "
    "BookstoreSettings.catalogue_url to another database. If no newer program uses it "
    "any more, make it again: 'jupyter bookstore index --rebuild'."
)


def is_newer(form: str, known: str = FORM) -> bool:
    """Return whether a catalogue has a newer form than this program knows."""
    return _numbers(form) > _numbers(known)


def _numbers(form: str) -> tuple[int, ...]:
    return tuple(int(part) for part in form.replace(".", " ").split() if part.isdigit())
