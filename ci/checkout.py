"""Lets `pip install .` in a checkout install all its packages, from its own folders."""

from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class CheckoutHook(MetadataHookInterface):
    """Makes the packages of this checkout the dependencies of the top folder."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the dependencies, each by the address of its folder."""
        folders = sorted(Path(self.root, "packages").glob("*/pyproject.toml"))
        metadata["dependencies"] = [
            f"{file.parent.name} @ {file.parent.as_uri()}" for file in folders
        ]
