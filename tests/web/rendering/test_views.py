"""Views: rendered in another process, kept, and refused if they take too much."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from bookstore_core.errors import NotFoundError
from bookstore_web.confined.pool import ConfinedPool
from bookstore_web.rendering.parts.limits import Portion
from bookstore_web.rendering.views import Views
from harness.notebook_server import notebook


@pytest.fixture
def make_pool() -> Iterator[Callable[[float], ConfinedPool]]:
    """Make pools whose tasks may take some seconds each."""
    modules = ["bookstore_web.rendering.exporter"]
    with ExitStack() as stack:

        def make(seconds: float) -> ConfinedPool:
            pool = ConfinedPool(seconds=seconds, modules=modules)
            stack.callback(pool.close)
            return pool

        yield make


def test_a_version_is_described_and_rendered_once(
    make_pool: Callable[[float], ConfinedPool],
) -> None:
    pool = make_pool(30.0)
    views, data = Views(pool), json.dumps(notebook("import os", "2")).encode()
    described = views.describe(data)
    assert (described.kind, described.cells) == ("notebook", 2)
    assert described.notebook is None
    document = views.document(data, portion=Portion(), title="a.ipynb")
    assert '<span class="kn">import</span>' in document.html
    pool.close()  # what is kept needs no process
    assert views.describe(data) is described
    assert views.document(data, portion=Portion(), title="a.ipynb") is document
    with pytest.raises(NotFoundError, match="no cell 7"):
        views.document(data, portion=Portion(cell=7), title="a.ipynb")


def test_a_version_that_takes_too_much_can_be_downloaded(
    make_pool: Callable[[float], ConfinedPool],
) -> None:
    views = Views(make_pool(0.05))
    views.describe(b"")  # the process has started
    data = json.dumps(notebook(*["x"] * 90_000)).encode()
    described = views.describe(data)
    assert described.kind == "binary"
    assert "more time or memory" in described.reason
    document = views.document(data, portion=Portion(), title="a")
    assert "Download it instead." in document.html
    assert document.refused  # browsers do not keep it
    assert views.describe(b"text").kind == "text"
