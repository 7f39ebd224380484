"""The errors of the client: those of core where it is installed, else their equals."""

import importlib.util
import subprocess
import sys
from importlib.machinery import ModuleSpec

import pytest

from bookstore_client import errors
from bookstore_core import errors as of_core

#: Errors of the server's disk and of the command `run`, which no answer of the API has.
NEVER_SENT = {"NewerSaveError", "NoKernelError"}


def test_where_core_is_installed_the_errors_are_its_own() -> None:
    for name in errors.__all__:
        assert getattr(errors, name) is getattr(of_core, name)


def test_without_core_there_is_the_same_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    spec = importlib.util.spec_from_file_location("apart", errors.__file__)
    assert isinstance(spec, ModuleSpec)
    assert spec.loader
    apart = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(apart)
    kinds = {
        kind.__name__: kind
        for kind in vars(of_core).values()
        if isinstance(kind, type) and kind.__module__ == of_core.__name__
    }
    assert set(apart.__all__) == kinds.keys() - NEVER_SENT
    for name in apart.__all__:
        own, theirs = getattr(apart, name), kinds[name]
        assert own is not theirs
        assert own.retryable == theirs.retryable, name
        assert [kind.__name__ for kind in own.__mro__] == [
            kind.__name__ for kind in theirs.__mro__
        ]


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("VersionNotFoundError", 404, errors.VersionNotFoundError),
        (None, 404, errors.NotFoundError),
        ("SomethingNewError", 409, errors.ConflictError),
        ("InternalServerError", 500, errors.StorageError),
        (["odd"], 403, errors.ForbiddenError),
    ],
)
def test_an_answer_becomes_the_error_of_its_name_or_its_status(
    name: object, status: int, kind: type[Exception]
) -> None:
    assert errors.error_class(name, status) is kind


def test_importing_the_client_loads_no_server_and_no_store() -> None:
    heavy = {"flask", "tornado", "botocore", "nbformat", "requests", "IPython"}
    script = (
        "import sys, bookstore.client; "
        "loaded = {name.partition('.')[0] for name in sys.modules}; "
        f"print(*sorted(loaded & {heavy!r}))"
    )
    command = [sys.executable, "-c", script]
    assert subprocess.check_output(command, text=True).strip() == ""
