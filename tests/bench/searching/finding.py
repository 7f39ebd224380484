"""How soon what was stored, published or labelled is found among many notebooks."""

import io
import json
import time
from collections.abc import Iterator

from flask.testing import FlaskClient

from bench.searching.corpus import Corpus
from bookstore_core.stores import VersionMetadata, new_save_id, utc_now
from bookstore_web.app.services import Services
from harness.sources import notebook_of
from harness.waiting import wait_for

LABEL = "/api/bookstore/label"


def measure_finding(
    client: FlaskClient, services: Services, corpus: Corpus
) -> Iterator[tuple[str, float]]:
    """Yield the seconds until a save, a publication and a label are found.

    A walk through the whole store begins with each of them.
    """
    version = _put(corpus, "workspace/found/save.ipynb", "theremin")
    services.changed(version)
    yield "a save", _until(client, services, "theremin")
    model = {"type": "notebook", "content": notebook_of("ocarina")}
    answer = client.put("/api/bookstore/published/found.ipynb", json=model)
    assert answer.status_code in (200, 201), answer.text
    yield "a publication", _until(client, services, "ocarina")
    named = {"path": "found/save.ipynb", "name": "glockenspiel"}
    known = corpus.head(version)
    answer = client.put(LABEL, json={**named, "version_id": known.version_id})
    assert answer.status_code == 200, answer.text
    yield "a label", _until(client, services, "label:glockenspiel")


def _put(corpus: Corpus, key: str, text: str) -> str:
    data = json.dumps(notebook_of(text)).encode()
    metadata = VersionMetadata(new_save_id(), utc_now(), author="ann")
    return corpus.put(key, io.BytesIO(data), size=len(data), metadata=metadata).key


def _until(client: FlaskClient, services: Services, q: str) -> float:
    services.keeper.ask(lambda catalogue: catalogue.set_state(walk_due="0"))
    began = time.perf_counter()

    def is_found() -> bool:
        answer = client.get("/api/bookstore/search", query_string={"q": q})
        return bool(answer.status_code == 200 and answer.json["notebooks"])

    wait_for(is_found, what=q)
    return time.perf_counter() - began
