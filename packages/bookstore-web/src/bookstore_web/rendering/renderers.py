"""The scripts that draw what is rich in a version: math, diagrams, figures, widgets.

They come with this package, in the folder `renderers`: those of others as npm has them,
compressed (`manifest.json` says which; `make renderers` fetches them again), and ours
beside them. Each has an address with its digest, so that browsers may keep it.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "renderers"
#: The part of an address before the digest, below the base URL.
PLACE = "bookstore/renderers/"

#: The frame has no origin: for a browser its requests come from another site, without
#: cookies. So who is not logged in may have them, too: they are published code.
RENDERER_HEADERS: Mapping[str, str] = {
    "Content-Type": "text/javascript; charset=utf-8",
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Encoding",
}


@dataclass(frozen=True)
class Renderer:
    """A script: its address below the base URL, and the file with its content."""

    address: str
    path: Path

    def body(self, accepted: str) -> tuple[bytes, dict[str, str]]:
        """Return the content as a client accepts it, and headers that say so."""
        data = compressed(self.path)
        if "gzip" in accepted.lower():
            return data, {"Content-Encoding": "gzip"}
        return gzip.decompress(data), {}


def compressed(path: Path) -> bytes:
    """Return the content of a script, compressed; it is not kept in memory."""
    data = path.read_bytes()
    return data if path.suffix == ".gz" else gzip.compress(data, mtime=0)


@cache
def renderers() -> Mapping[str, Renderer]:
    """Return all scripts by the stems of their names, as in ``mathjax``."""
    found = {}
    for path in sorted(FOLDER.glob("*.js*")):
        name = path.name.removesuffix(".gz")
        digest = hashlib.sha256(compressed(path)).hexdigest()[:20]
        address = f"{PLACE}{digest}/{name}"
        found[name.removesuffix(".js")] = Renderer(address, path)
    return found


def renderer_at(address: str) -> Renderer | None:
    """Return the script at an address below `PLACE`; None if there is none."""
    for renderer in renderers().values():
        if renderer.address == PLACE + address:
            return renderer
    return None
