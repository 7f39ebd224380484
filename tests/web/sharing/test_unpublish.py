"""Unpublishing: how what was on the shelf before is looked for."""

from collections.abc import Callable
from typing import Any

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Version
from bookstore_core.stores.local.store import LocalStore
from bookstore_web.sharing.unpublish import unpublish
from harness.waiting import wait_for

KEY = "published/a.ipynb"


class Together(LocalStore):
    """A store that answers when those who ask for versions at once have all asked."""

    def __init__(self, settings: BookstoreSettings) -> None:
        super().__init__(settings)
        self.asked: list[str] = []

    def head(self, key: str, version_id: str | None = None, **more: Any) -> Version:
        if version_id is not None:
            self.asked.append(version_id)
            # One, two more, four more, eight more.
            needed = next(n for n in (1, 3, 7, 15) if n >= len(self.asked))
            wait_for(lambda: len(self.asked) >= needed, what="the others")
        return super().head(key, version_id, **more)


def test_versions_before_are_looked_at_beside_each_other(
    settings: BookstoreSettings, put: Callable[..., Version]
) -> None:
    for author in ("bob", *["ann"] * 15):
        put(KEY, b"{}", author=author)
    store = Together(settings)
    shown = unpublish("a.ipynb", store=store, settings=settings, author="ann")
    assert shown.metadata is not None
    assert shown.metadata.author == "bob"
    assert len(store.asked) == 15
