"""Large notebooks: archived, downloaded, and restored without being in memory."""

import hashlib
import io
import json
import resource
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import VersionMetadata, new_save_id, open_store, utc_now
from bookstore_web.contents.drafts import LARGE
from harness.config_files import extension_lines, settings_lines
from harness.notebook_server import Generation, NotebookServer, notebook
from harness.waiting import wait_for

pytestmark = pytest.mark.server

RESTORE, FILE = "api/bookstore/restore", "api/bookstore/file"
JUPYTEXT = ("jupyterlab_jupytext",)
CLAIM = b'"trusted": true'


#: The generation of a server, and what its contents manager is, if not Jupyter's own.
KINDS: list[tuple[Generation, tuple[str, ...]]] = [
    ("modern", ()),
    ("modern", JUPYTEXT),
    ("classic", JUPYTEXT),
]


@pytest.fixture(scope="module", params=KINDS, ids=["modern", "jupytext", "classic"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NotebookServer]:
    generation, more = request.param
    home = tmp_path_factory.mktemp("large")
    enabled = ("bookstore_web", "bookstore_archiver", *more)
    config = extension_lines(*enabled) + settings_lines(
        storage="local",
        local_root=str(home / "store"),
        spool_dir=str(home / "spool"),
        max_notebook_size=1_000_000,
    )
    with NotebookServer(generation, home, config=config) as running:
        assert running.request("GET", "api/bookstore").ok  # gunicorn has started
        yield running


@pytest.fixture
def put(server: NotebookServer) -> Callable[..., str]:
    """Put a large content of this beginning into the store; return its version's id."""
    settings = BookstoreSettings(storage="local", local_root=str(server.home / "store"))
    store = open_store(settings)

    def put_version(path: str, data: bytes, sha256: str = "") -> str:
        metadata = VersionMetadata(
            save_id=new_save_id(),
            saved_at=utc_now(),
            sha256=sha256 or hashlib.sha256(data).hexdigest(),
            source_path=path,
        )
        key, stream = f"workspace/{path}", io.BytesIO(data)
        return store.put(key, stream, size=len(data), metadata=metadata).version_id

    return put_version


def large(source: str, **metadata: Any) -> bytes:
    """Return a large notebook as somebody else than Jupyter may write it."""
    return json.dumps(notebook(source, **metadata)).encode() + b"\n" * LARGE


def versions(server: NotebookServer, path: str, count: int) -> list[dict[str, Any]]:
    """Return the versions, newest first, as soon as there are `count`."""

    def look() -> list[dict[str, Any]]:
        answer = server.request("GET", "api/bookstore/versions", params={"path": path})
        found: list[Any] = answer.json().get("versions", []) if answer.ok else []
        return found if len(found) == count else []

    return wait_for(look, what=f"{count} versions")


def restore(server: NotebookServer, **wish: str) -> Any:
    answer = server.request("POST", RESTORE, json=wish)
    assert answer.ok, f"{answer.status_code} {answer.text}"
    return answer.json()


def files(server: NotebookServer) -> set[str]:
    """Return the names in the server's folder, hidden ones too, but checkpoints."""
    return {file.name for file in server.root.iterdir()} - {".ipynb_checkpoints"}


def test_a_large_notebook_is_downloaded_restored_and_the_restore_undone(
    server: NotebookServer,
) -> None:
    server.save("large.ipynb", notebook("first", "x" * LARGE))
    on_disk = (server.root / "large.ipynb").read_bytes()
    server.save("large.ipynb", notebook("second", "y" * LARGE))
    first = versions(server, "large.ipynb", 2)[1]["version_id"]
    query = {"path": "large.ipynb", "version_id": first}
    url = "api/bookstore/version"
    assert server.request("GET", url, params=query).status_code == 413
    answer = server.request("GET", url, params={**query, "download": "1"})
    assert answer.content == on_disk
    page = server.request("GET", "bookstore/view", params=query)
    assert page.ok
    assert "too large" in page.text
    undo = restore(server, **query)["undo"]
    assert (server.root / "large.ipynb").read_bytes() == on_disk
    assert versions(server, "large.ipynb", 3)[0]["restored_from"] == first
    restore(server, path="large.ipynb", **undo)
    cells = server.read("large.ipynb")["content"]["cells"]
    assert cells[0]["source"] == "second"
    written = jupyter(server, "restore", "large.ipynb", first, "--json")
    assert json.loads(written)["restored"]
    assert (server.root / "large.ipynb").read_bytes() == on_disk


def jupyter(server: NotebookServer, *words: str) -> bytes:
    command = [str(server.python.parent / "jupyter-bookstore"), *words]
    return subprocess.run(
        command,
        cwd=server.root,
        env=server.environment,
        check=True,
        capture_output=True,
        timeout=120,
    ).stdout


def test_what_was_never_saved_survives_a_large_restore(
    server: NotebookServer, put: Callable[..., str]
) -> None:
    file, edited = server.root / "edited.ipynb", large("edited outside")
    first = put(file.name, large("first"))
    file.write_bytes(edited)
    file.chmod(0o640)
    answer = restore(server, path=file.name, version_id=first)
    assert file.read_bytes() == large("first")
    assert file.stat().st_mode & 0o777 == 0o640
    assert answer["undo"] == {"sha256": hashlib.sha256(edited).hexdigest()}
    # Else a front end would say that the file has changed on disk.
    model = server.read(file.name, content="0")
    assert model["last_modified"] == answer["last_modified"]
    newest, kept, _ = versions(server, file.name, 3)
    assert (newest["restored_from"], kept["restored_from"]) == (first, "")
    restore(server, path=file.name, **answer["undo"])
    assert file.read_bytes() == edited


def test_a_large_copy_stands_beside_and_a_deleted_notebook_comes_back(
    server: NotebookServer, put: Callable[..., str]
) -> None:
    first = put("sub/gone.ipynb", large("first"))
    wish = {"path": "sub/gone.ipynb", "version_id": first}
    assert restore(server, **wish)["undo"] is None
    assert restore(server, **wish, target_path="")["path"] == "sub/gone-1.ipynb"
    for name in ("gone.ipynb", "gone-1.ipynb"):
        assert (server.root / "sub" / name).read_bytes() == large("first")
    (made,) = versions(server, "sub/gone-1.ipynb", 1)
    assert made["restored_from"] == first
    assert made["restored_path"] == "sub/gone.ipynb"


def test_a_large_restore_is_not_trusted_and_otherwise_byte_for_byte(
    server: NotebookServer, put: Callable[..., str]
) -> None:
    data = large("first").replace(
        b'"metadata": {}, "source"', b'"metadata": {"a": 1, %b}, "source"' % CLAIM
    )
    assert CLAIM in data
    put("claims.ipynb", data)
    restore(server, path="claims.ipynb", version_id="@0")
    written = (server.root / "claims.ipynb").read_bytes()
    assert written == data.replace(b", " + CLAIM, b"")
    versions(server, "claims.ipynb", 2)


def test_a_large_version_that_is_not_what_was_saved_changes_nothing(
    server: NotebookServer, put: Callable[..., str]
) -> None:
    file = server.root / "torn.ipynb"
    torn = put(file.name, large("torn"), hashlib.sha256(b"another").hexdigest())
    file.write_bytes(b"{}")
    before = files(server)
    wish = {"path": file.name, "version_id": torn}
    answer = server.request("POST", RESTORE, json=wish)
    assert answer.status_code == 502, answer.text
    assert "not what was saved" in answer.json()["message"]
    assert file.read_bytes() == b"{}"
    assert files(server) == before


@pytest.mark.parametrize("room", [LARGE // 2, LARGE])
def test_a_large_restore_on_a_full_disk_changes_nothing(
    server: NotebookServer, put: Callable[..., str], room: int
) -> None:
    file = server.root / "full.ipynb"
    first = put(file.name, large("first"))
    file.write_bytes(b"{}")
    before = files(server)
    assert server.process is not None
    unlimited = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    limit = (room, unlimited[1])
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limit)
    try:
        wish = {"path": file.name, "version_id": first}
        answer = server.request("POST", RESTORE, json=wish)
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, unlimited)
    assert answer.status_code == 502, answer.text
    assert "'full.ipynb' cannot be written: File too large" in answer.json()["message"]
    assert file.read_bytes() == b"{}"
    assert files(server) == before


def test_a_large_restore_that_could_lose_something_is_refused(
    server: NotebookServer, put: Callable[..., str]
) -> None:
    file, spool = server.root / "kept.ipynb", server.home / "spool"
    first = put(file.name, large("first"))
    file.write_bytes(b"{}")
    spool.rename(server.home / "spool-away")
    spool.write_text("where the spool was")
    try:
        wish = {"path": file.name, "version_id": first}
        answer = server.request("POST", RESTORE, json=wish)
    finally:
        spool.unlink()
        (server.home / "spool-away").rename(spool)
    assert answer.status_code == 503, answer.text
    assert "Nothing was restored" in answer.json()["message"]
    assert file.read_bytes() == b"{}"


def test_a_large_notebook_stays_in_step_with_its_text(
    server: NotebookServer, put: Callable[..., str], request: pytest.FixtureRequest
) -> None:
    has_texts = "[modern]" not in request.node.name
    paired = {"jupytext": {"formats": "ipynb,py:percent"}}
    first = put("pair.ipynb", large("first", **paired))
    then = put("pair.ipynb", large("then"))
    text = server.root / "pair.py"
    restore(server, path="pair.ipynb", version_id=first)
    assert text.exists() is has_texts
    restore(server, path="pair.ipynb", version_id=then)
    assert not has_texts or "first" in text.read_text()
    assert server.read("pair.ipynb")["content"]["cells"][0]["source"] == "then"
    restore(server, path="pair.ipynb", version_id=first)
    assert not has_texts or "first" in text.read_text()
    assert server.read("pair.ipynb")["content"]["cells"][0]["source"] == "first"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        *((".hidden.ipynb", 400), ("../out.ipynb", 404), ("no/a.ipynb", 404)),
        *(("", 400), ("folder", 400), ("b.ipynb/c.ipynb", 404), ("x" * 300, 400)),
    ],
)
def test_a_stream_is_written_only_where_a_save_would_be(
    server: NotebookServer, path: str, status: int
) -> None:
    (server.root / "folder").mkdir(exist_ok=True)
    (server.root / "b.ipynb").write_text("{}")
    before = files(server)
    body = b"{}" * LARGE
    answer = server.request("PUT", FILE, params={"path": path}, data=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["message"]
    assert files(server) == before
    assert not (server.root.parent / "out.ipynb").exists()


def test_a_stranger_writes_and_reads_nothing(server: NotebookServer) -> None:
    (server.root / "b.ipynb").write_text("{}")
    url = f"{server.url}/{FILE}?path=b.ipynb"
    for answer in (requests.get(url, timeout=30), requests.put(url, b"x", timeout=30)):
        assert answer.status_code == 403
    assert (server.root / "b.ipynb").read_text() == "{}"
    assert server.request("POST", FILE, data=b"x").status_code == 405
