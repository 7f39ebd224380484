"""`jupyter bookstore init`: set up the store that the settings name."""

from typing import Any

from bookstore_core.cli.command import Verb
from bookstore_core.stores import open_store


class InitApp(Verb):
    """Create the bucket (or the directory) and enable its versioning."""

    name = "jupyter-bookstore-init"
    description = __doc__
    examples = "jupyter bookstore init"

    def run(self) -> int:
        store = open_store(self.settings())
        done = store.prepare()
        value: dict[str, Any] = {"location": store.location, "done": done}
        self.show(value, [*done, f"{store.location} is ready for versions."])
        return 0
