"""The verbs for a whole store on a real bucket, into which a service saves."""

import json
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, VersionStore, open_store
from core.saving import save
from harness.command import Run
from harness.named_s3 import NAMED_URL, NamedS3
from harness.service import serving_mounted
from harness.sources import notebook_of

NAMED = ["named_s3"] if NAMED_URL in os.environ else []
OLD, NEW = "workspace/a b+c.ipynb", "workspace/ü 100%41.ipynb"
Call = Callable[..., Any]


@pytest.fixture(params=NAMED)
def server() -> NamedS3:
    return NamedS3()


@pytest.fixture
def traits(server: NamedS3) -> dict[str, str]:
    return server.settings(server.make_bucket(f"upkeep-{secrets.token_hex(6)}"))


@pytest.fixture
def through_service(traits: dict[str, str]) -> Iterator[VersionStore]:
    """The bucket as somebody has it who holds no keys."""
    with serving_mounted() as mounted:
        yield open_store(mounted.service(**traits))


@pytest.fixture
def saved(through_service: VersionStore) -> None:
    fill(through_service)


@pytest.fixture
def saved_before(traits: dict[str, str]) -> None:
    """Saves of servers that hold the keys: the time of the service is ahead here."""
    fill(open_store(BookstoreSettings(**traits)))


def fill(store: VersionStore) -> None:
    """Save before and after a rename, restore a version and label one."""
    old = [save(store, content(f"old {n}"), key=OLD) for n in range(4)]
    save(store, content("seam"), key=NEW, moved_from="a b+c.ipynb")
    restored = {"restored_from": old[1].version_id, "restored_path": "a b+c.ipynb"}
    save(store, content("old 1"), key=NEW, **restored)
    new = [save(store, content(f"xylophone {n}"), key=NEW) for n in range(4)]
    store.set_label(NEW, new[0].version_id, Label("sent"))


def content(source: str) -> bytes:
    return json.dumps(notebook_of(source)).encode()


@pytest.fixture
def call(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run a verb; return its JSON."""
    monkeypatch.setenv("JUPYTER_SERVER_ROOT", str(tmp_path))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))

    def call(traits: dict[str, str], *words: str) -> Any:
        given = [f"--BookstoreSettings.{n}={value}" for n, value in traits.items()]
        done = run(*words, "--json", *given)
        assert done.code == 0, done.out + done.err
        return json.loads(done.out)

    return call


def history(traits: dict[str, str]) -> list[tuple[str, bytes]]:
    store = open_store(BookstoreSettings(**traits))
    found = []
    for key in (OLD, NEW):
        for row in store.list_versions(key).versions:
            with store.open(key, row.version_id) as opened:
                found.append((key, opened.read(10**6)))
    return found


@pytest.mark.usefixtures("saved_before")
def test_a_bucket_is_searched_checked_and_pruned(
    traits: dict[str, str], call: Call
) -> None:
    call(traits, "index")
    found = call(traits, "search", "xylophone")
    assert [known["path"] for known in found] == ["ü 100%41.ipynb"]
    assert call(traits, "check")["damaged"] == []
    pruned = call(traits, "prune", "--all", "--keep-last=1", "--min-age=0d", "--yes")
    # The newest of both, the first after the rename, and the labelled one stay.
    assert (pruned["removed"], len(history(traits))) == (6, 4)
    again = call(traits, "prune", "--all", "--keep-last=1", "--min-age=0d", "--yes")
    assert again["removed"] == 0
    assert call(traits, "check")["damaged"] == []


@pytest.mark.usefixtures("saved")
def test_a_bucket_is_copied_to_a_directory_and_back(
    traits: dict[str, str],
    server: NamedS3,
    call: Call,
    tmp_path: Path,
) -> None:
    folder = {"storage": "local", "local_root": str(tmp_path / "copy")}
    assert call(traits, "copy", f"--to={folder['local_root']}")["versions"] == 10
    assert history(folder) == history(traits)
    back = {**traits, "s3_bucket": server.make_bucket(f"back-{secrets.token_hex(6)}")}
    reach = {n: value for n, value in back.items() if n != "s3_bucket"}
    done = call({**reach, **folder}, "copy", f"--to=s3://{back['s3_bucket']}")
    assert (done["versions"], done["labels"], done["problems"]) == (10, 1, [])
    assert history(back) == history(traits)
    assert call(back, "check")["damaged"] == []
