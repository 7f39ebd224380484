"""A search on a person's server whose versions a service keeps."""

import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import (
    Version,
    VersionMetadata,
    new_save_id,
    open_store,
    utc_now,
)
from bookstore_core.stores.service.store import ServiceStore
from bookstore_web import create_app
from bookstore_web.app.finds import read_finds
from harness.command import Run
from harness.service import Mounted, serving_mounted
from harness.sources import notebook_of
from harness.web_app import ServerSide


@pytest.fixture
def mounted() -> Iterator[Mounted]:
    with serving_mounted() as mounted:
        yield mounted


def test_the_catalogue_of_the_service_is_asked(
    mounted: Mounted, make_server_side: Callable[..., ServerSide], tmp_path: Path
) -> None:
    kept = str(tmp_path / "kept")
    settings = mounted.service(
        storage="local",
        local_root=kept,
        auth="none",
        catalogue_url=f"sqlite:///{tmp_path}/c.sqlite",
    )
    for key in ("workspace/a.ipynb", "published/ann/b.ipynb"):
        save(settings, key)
    server = make_server_side(storage="service", service_url=settings.service_url)
    page = server.get("/bookstore/", query_string={"q": "xylo"}).text
    assert "play(<mark>xylophone</mark>)" in page
    assert "not on your server" in page
    found = server.get("/api/bookstore/search", query_string={"q": "xylo"}).json
    paths = [known["path"] for known in found["notebooks"]]
    assert sorted(paths) == ["a.ipynb", "ann/b.ipynb"]
    assert [r for r in mounted.requests if re.search("store/search", r)]
    assert not (tmp_path / "catalogues").exists()


def test_without_the_catalogue_of_the_service_paths_are_searched(
    mounted: Mounted, make_server_side: Callable[..., ServerSide], tmp_path: Path
) -> None:
    settings = mounted.service(
        storage="local",
        local_root=str(tmp_path / "kept"),
        auth="none",
        catalogue_url=f"sqlite:///{tmp_path}/none/c.sqlite",
    )
    server = make_server_side(storage="service", service_url=settings.service_url)
    page = server.get("/bookstore/", query_string={"q": "xylo"})
    assert page.status_code == 200
    assert "Only paths were searched. The catalogue cannot be used now" in page.text
    wrong = server.get("/bookstore/", query_string={"q": "after:soon"})
    assert wrong.status_code == 400


def test_clones_are_counted_where_all_share_a_catalogue(
    mounted: Mounted, make_server_side: Callable[..., ServerSide], tmp_path: Path
) -> None:
    traits = {
        "storage": "local",
        "local_root": str(tmp_path / "kept"),
        "auth": "none",
        "catalogue_url": f"sqlite:///{tmp_path}/c.sqlite",
    }
    settings = mounted.service(**traits)
    server = make_server_side(storage="service", service_url=settings.service_url)
    model = {"type": "notebook", "content": notebook_of("# Music")}
    published = server.put("/api/bookstore/published/a.ipynb", json=model).json
    bucket, _, key = published["s3_path"].removeprefix("s3://").partition("/")
    for _ in range(2):
        wanted = {"s3_bucket": bucket, "s3_key": key}
        cloned = server.post("/api/bookstore/cloned", json=wanted)
        assert cloned.status_code == 200, cloned.text
    service = create_app(BookstoreSettings(**traits)).test_client()
    page = service.get("/bookstore/", query_string={"shelf": "published"})
    assert "cloned 2 times" in page.text


def test_a_command_asks_the_catalogue_of_the_service(
    mounted: Mounted, run: Run, tmp_path: Path
) -> None:
    settings = mounted.service(
        storage="local",
        local_root=str(tmp_path / "kept"),
        auth="none",
        catalogue_url=f"sqlite:///{tmp_path}/c.sqlite",
    )
    given = (
        "--BookstoreSettings.storage=service",
        f"--BookstoreSettings.service_url={settings.service_url}",
    )
    save(settings, "workspace/a.ipynb")
    found = run("search", "xylo", *given)
    assert (found.code, found.err) == (0, "")
    assert found.out.startswith("workspace: a.ipynb\n")
    assert run("index", *given).code == 3


def test_what_is_written_again_is_found_again(mounted: Mounted, tmp_path: Path) -> None:
    settings = mounted.service(
        storage="local",
        local_root=str(tmp_path / "kept"),
        auth="none",
        catalogue_url=f"sqlite:///{tmp_path}/c.sqlite",
    )
    store = open_store(settings)
    assert isinstance(store, ServiceStore)
    first = save(settings, "workspace/a.ipynb")
    writes: list[Callable[[], object]] = [
        lambda: None,
        lambda: save(settings, first.key, "x"),
        lambda: store.put_again(first),
    ]
    totals = []
    for write in writes:
        write()
        finds = store.search({"q": "xylophone", "limit": 5}, read_finds)
        totals.append(finds.found.total)
    assert totals == [1, 0, 1]


def save(
    settings: BookstoreSettings, key: str, source: str = "play(xylophone)"
) -> Version:
    data = json.dumps(notebook_of("# Music", source)).encode()
    metadata = VersionMetadata(new_save_id(), utc_now())
    store = open_store(settings)
    return store.put(key, io.BytesIO(data), size=len(data), metadata=metadata)
