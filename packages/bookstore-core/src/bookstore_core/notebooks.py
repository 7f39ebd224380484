"""Notebooks as data: parsing, validating, removing trust, writing."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bookstore_core.errors import InvalidNotebookError, TooLargeError
from bookstore_core.untrusted.bounds import load_json

if TYPE_CHECKING:
    from nbformat import ValidationError

#: A notebook as parsed JSON, in any format from v3 to v4.5.
Notebook = dict[str, Any]

SUFFIX = ".ipynb"
MAJOR_VERSIONS = (3, 4)


def check_size(name: str, size: int, limit: int) -> None:
    """Raise TooLargeError if `size` is over `limit`, both in bytes."""
    if size > limit:
        raise TooLargeError(
            f"{name} is over the limit of {limit} bytes "
            "(BookstoreSettings.max_notebook_size)."
        )


def parse_notebook(data: bytes) -> Notebook:
    """Return the notebook in `data`, which is UTF-8 JSON as stored in a file.

    Raises InvalidNotebookError if it is not UTF-8, not JSON, or not a notebook, and
    TooLargeError if it has too many values to be read.
    """
    return check_notebook(_parse_json(data))


def _parse_json(data: bytes) -> object:
    try:
        content: object = load_json(data)
    except UnicodeDecodeError as error:
        raise InvalidNotebookError(
            f"It is not a notebook: byte {error.start} is not UTF-8."
        ) from None
    except (ValueError, RecursionError) as error:
        raise InvalidNotebookError(
            f"It is not a notebook: not JSON ({error})."
        ) from None
    return content


def read_as_jupyter(data: bytes) -> Notebook:
    """Return the notebook in `data` as the contents API returns it, without trust.

    That is what front ends save, and what hooks and contents managers expect: v4, with
    each text as one string. A notebook that is not valid is returned too, if Jupyter
    can open it; else InvalidNotebookError is raised. Raises TooLargeError if it has too
    many values to be read.
    """
    return as_jupyter_reads(_parse_json(data))


def as_jupyter_reads(content: object) -> Notebook:
    """Return a parsed notebook as `read_as_jupyter` does."""
    # Imported at the first notebook: the schema library takes a second to load.
    import nbformat

    try:
        # As `nbformat.reads` does, without its validation, which changes nothing.
        major, minor = nbformat.reader.get_version(content)  # type: ignore[no-untyped-call]
        node = nbformat.versions[major].to_notebook_json(content, minor=minor)
        notebook: Notebook = nbformat.convert(node, 4)  # type: ignore[no-untyped-call]
        return drop_trust(notebook)
    except RecursionError:
        raise InvalidNotebookError("The notebook is nested too deeply.") from None
    except (
        *(nbformat.ValidationError, ValueError, TypeError),
        *(AttributeError, LookupError, AssertionError),
    ) as error:
        raise InvalidNotebookError(
            f"Jupyter cannot open it ({type(error).__name__}: {_shorten(str(error))})."
        ) from None


def check_notebook(content: object) -> Notebook:
    """Return `content` if it is a valid notebook of format v3 to v4.5.

    As in nbformat, a later minor version of v4 may have properties that v4.5 lacks.
    Raises InvalidNotebookError with the first error of nbformat's validator.
    """
    if not isinstance(content, dict) or not content:
        raise InvalidNotebookError("The notebook is empty. Send its JSON as an object.")
    major, minor = content.get("nbformat"), content.get("nbformat_minor", 0)
    if type(major) is not int or type(minor) is not int or minor < 0:
        raise InvalidNotebookError(
            "It is not a notebook: 'nbformat' and 'nbformat_minor' must be integers."
        )
    if major not in MAJOR_VERSIONS:
        raise InvalidNotebookError(
            f"Notebook format {major} is not supported, only formats 3 and 4."
        )
    error = _first_error(content, major, minor)
    if error is not None:
        where = "/".join(str(part) for part in error.absolute_path) or "the notebook"
        raise InvalidNotebookError(
            f"The notebook is not valid at {where}: {_shorten(error.message)}"
        )
    return content


def _first_error(content: Notebook, major: int, minor: int) -> "ValidationError | None":
    # Imported at the first notebook: the schema library takes a second to load.
    from nbformat import validator

    try:
        errors = validator.iter_validate(  # type: ignore[no-untyped-call]
            content, version=major, version_minor=minor
        )
        first: ValidationError | None = next(iter(errors), None)
    except RecursionError:
        raise InvalidNotebookError("The notebook is nested too deeply.") from None
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        # nbformat fails while it builds a message if expected members are missing.
        raise InvalidNotebookError(f"The notebook is not valid: {error}") from None
    return first


def _shorten(message: str, limit: int = 300) -> str:
    return message if len(message) <= limit else message[:limit] + " ..."


def cells_of(notebook: Notebook) -> Iterator[dict[str, Any]]:
    """Yield every cell, of the list in v4 or of the worksheets in v3.

    Anything else than an object, as a later format may have, is skipped.
    """
    yield from _dicts(notebook.get("cells"))
    for worksheet in _dicts(notebook.get("worksheets")):
        yield from _dicts(worksheet.get("cells"))


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def drop_trust(notebook: Notebook) -> Notebook:
    """Remove ``trusted`` from every cell, in place; return `notebook`.

    It is in a cell's metadata; v3 also had it in the cell itself. The notebook may be
    invalid. A notebook server signs a notebook if all of its cells are ``trusted:
    true``. If this came from somebody else, their scripts would run in the reader's
    session.
    """
    for cell in cells_of(notebook):
        cell.pop("trusted", None)
        metadata = cell.get("metadata")
        if isinstance(metadata, dict):
            metadata.pop("trusted", None)
    return notebook


def write_notebook(notebook: Notebook) -> bytes:
    """Return the notebook as the bytes of a file, formatted as nbformat does.

    Raises InvalidNotebookError for text that cannot be encoded as UTF-8 (lone
    surrogates), and for nesting deeper than the interpreter's limit.
    """
    try:
        text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True)
        return f"{text}\n".encode()
    except RecursionError:
        raise InvalidNotebookError("The notebook is nested too deeply.") from None
    except UnicodeEncodeError as error:
        raise InvalidNotebookError(
            f"The notebook contains text that is not valid UTF-8 ({error.reason})."
        ) from None
