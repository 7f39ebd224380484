"""A real JupyterHub with the service of docs/deploy.md: people, servers, shelves."""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests

from bookstore_core.errors import ForbiddenError, NotFoundError
from bookstore_core.stores import (
    Label,
    Version,
    VersionMetadata,
    VersionStore,
    new_save_id,
    utc_now,
)
from harness.hub import PROXY
from harness.hub_service import ADMIN_TOKEN, HTML, HubServer, ServiceHub, Someone
from harness.kernel import Kernel
from harness.nginx import NGINX, Nginx, documented_config
from harness.notebook_server import notebook
from harness.versions import first_source, spool_is_empty
from harness.waiting import wait_for

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        PROXY is None,
        reason="the proxy of JupyterHub is not installed "
        "(apt-get install node-configurable-http-proxy)",
    ),
]

People = dict[str, Someone]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceHub]:
    with ServiceHub(tmp_path_factory.mktemp("hub")) as known:
        yield known


@pytest.fixture(scope="module")
def people(site: ServiceHub) -> People:
    """ann and bob on Notebook 7, cyd on classic, with servers whose pages answer."""

    def begin(name: str) -> Someone:
        person = site.person(name)
        person.start()
        assert person.ask("GET", "api/bookstore").ok
        return person

    with ThreadPoolExecutor(3) as pool:
        return {known.name: known for known in pool.map(begin, ("ann", "bob", "cyd"))}


def arrived(person: Someone, path: str, number: int, server: str = "") -> None:
    """Wait until a notebook of theirs has so many versions."""
    wait_for(
        lambda: len(person.versions(path, server=server)) == number,
        what=f"{number} versions of {person.name}'s {path}",
        seconds=120,
    )


def stored(site: ServiceHub, key: str) -> tuple[Version, ...]:
    store = site.store()
    listed = store.list_versions(key).versions
    return tuple(store.head(key, version.version_id) for version in listed)


def test_saves_go_through_the_service_into_the_folders_of_their_authors(
    people: People, site: ServiceHub
) -> None:
    for name, person in people.items():
        person.save("mine.ipynb", name)
        arrived(person, "mine.ipynb", 1)
        (version,) = stored(site, f"workspace/{name}/mine.ipynb")
        assert version.metadata is not None
        assert version.metadata.author == name


def reads(store: VersionStore, key: str) -> list[Callable[[], object]]:
    return [
        lambda: store.head(key),
        lambda: store.open(key),
        lambda: store.list_versions(key).versions[0],
        lambda: store.labels(key)["x"],
        lambda: store.list_keys("workspace/ann/").keys[0],
        lambda: store.walk_keys("workspace/ann/").keys[0],
    ]


def changes(store: VersionStore, version: Version) -> list[Callable[[], object]]:
    forged = VersionMetadata(save_id=new_save_id(), saved_at=utc_now(), author="ann")
    key, version_id = version.key, version.version_id
    return [
        lambda: store.put(key, io.BytesIO(b"{}"), size=2, metadata=forged),
        lambda: store.set_label(key, version_id, Label("mine", "", "ann")),
        lambda: store.mark_deleted(key),
        lambda: store.put_again(version),
    ]


@pytest.mark.parametrize("prefix", ["x", ""])
def test_nobody_reads_or_changes_what_is_anothers(
    people: People, site: ServiceHub, prefix: str
) -> None:
    ann, bob = people["ann"], people["bob"]
    path = f"secret{len(prefix)}.ipynb"
    key = f"workspace/ann/{path}"
    ann.save(path, "sesame")
    arrived(ann, path, 1)
    before = stored(site, key)
    theirs = site.store(bob.token, workspace_prefix=prefix)
    for action in [*reads(theirs, key), *changes(theirs, before[0])]:
        with pytest.raises((ForbiddenError, NotFoundError, LookupError)):
            action()
    assert stored(site, key) == before
    assert not site.store().labels(key)


def test_a_server_with_anothers_prefix_stays_in_its_own_folder(
    people: People, site: ServiceHub
) -> None:
    ann, bob = people["ann"], people["bob"]
    ann.save("both.ipynb", "ann's")
    arrived(ann, "both.ipynb", 1)
    key = "workspace/ann/both.ipynb"
    theirs = site.store(bob.token, workspace_prefix="workspace/ann")
    metadata = VersionMetadata(save_id=new_save_id(), saved_at=utc_now(), author="ann")
    with pytest.raises(NotFoundError):
        theirs.head(key)
    theirs.put(key, io.BytesIO(b"{}"), size=2, metadata=metadata)
    assert len(stored(site, key)) == 1
    (version,) = stored(site, "workspace/bob/both.ipynb")
    assert version.metadata is not None
    assert version.metadata.author == "bob"


@pytest.mark.parametrize("reader", ["bob", "cyd"])
def test_a_colleague_follows_a_link_through_the_login_and_clones(
    people: People, site: ServiceHub, reader: str
) -> None:
    ann, other = people["ann"], people[reader]
    path = f"for-{reader}.ipynb"
    answer = ann.ask("PUT", f"api/bookstore/published/{path}", json=model("shared"))
    assert answer.ok, answer.text
    link = answer.json()["url"]
    assert link.startswith(f"{site.hub.url}/hub/user-redirect/bookstore/clone?")
    with other.browser() as session:
        page = session.get(link, timeout=60)
        assert page.status_code == 200, page.text
        assert page.url.startswith(f"{site.hub.url}/user/{reader}/bookstore/clone?")
    fields = {
        "s3_bucket": answer.json()["s3_path"].split("/")[2],
        "s3_key": answer.json()["s3_path"].split("/", 3)[3],
    }
    cloned = other.ask("POST", "api/bookstore/cloned", json=fields)
    assert cloned.ok, cloned.text
    data = (site.hub.home(reader) / cloned.json()["path"]).read_bytes()
    assert first_source(data) == "shared"
    arrived(other, cloned.json()["path"], 1)


def test_the_service_itself_shows_what_is_published_after_the_login(
    people: People, site: ServiceHub
) -> None:
    ann, bob = people["ann"], people["bob"]
    path = "api/bookstore/published/on-the-service.ipynb"
    answer = ann.ask_service("PUT", path, json=model("shared"))
    assert answer.ok, answer.text
    with bob.browser() as session:
        home = session.get(f"{site.service_url}bookstore/?shelf=published&prefix=ann")
        assert home.status_code == 200
        assert "on-the-service.ipynb" in home.text
        page = session.get(answer.json()["url"])
        assert page.status_code == 200
    page = requests.get(answer.json()["url"], headers=HTML, timeout=60)
    assert page.url.startswith(f"{site.hub.url}/hub/login")


def reason_of(person: Someone, path: str) -> str:
    """Return why a person's last save has not reached the store."""
    answer = person.ask("GET", "api/bookstore/save-state", params={"path": path})
    return str(answer.json()["reason"] or "")


def test_saves_outlive_a_token_that_was_taken_back_and_the_culling_of_their_server(
    site: ServiceHub,
) -> None:
    dan = site.person("dan")
    dan.start()
    dan.save("late.ipynb", "0")
    arrived(dan, "late.ipynb", 1)
    dan.take_back_the_token_of_the_server()
    site.reload_service()
    dan.save("late.ipynb", "1")
    reason = wait_for(
        lambda: reason_of(dan, "late.ipynb"), what="a reason", seconds=120
    )
    assert "does not know who asks" in reason
    assert "stop and start this server in the hub" in reason
    with site.service_paused():
        dan.save("late.ipynb", "2")
        dan.cull()
    assert not spool_is_empty(site.hub.home("dan"))
    dan.start("patient")  # a server with a name, and with a token of its own
    arrived(dan, "late.ipynb", 3, server="patient")
    dan.save("late.ipynb", "3", server="patient")
    dan.cull("patient")
    assert spool_is_empty(site.hub.home("dan"))
    versions = stored(site, "workspace/dan/late.ipynb")
    assert [text_of(site, version) for version in versions] == ["3", "2", "1", "0"]


def text_of(site: ServiceHub, version: Version) -> str:
    """Return the first cell of a version."""
    with site.store().open(version.key, version.version_id) as opened:
        return first_source(opened.read(None))


#: The line that the cells of a notebook begin with.
START = """
from bookstore.client import BookstoreClient
from bookstore.client.nb_client import CurrentNotebookClient
client = BookstoreClient()
"""


@pytest.mark.parametrize(("name", "server"), [("ann", "second"), ("cyd", "")])
def test_a_notebook_publishes_and_clones_itself_with_the_token_of_its_server(
    people: People, site: ServiceHub, name: str, server: str
) -> None:
    person = people[name]
    if server:
        person.start(server)
    person.save("itself.ipynb", "of the notebook", server=server)
    arrived(person, "itself.ipynb", 1, server=server)
    with Kernel(HubServer(person, server), "itself.ipynb") as kernel:
        path = kernel.value("CurrentNotebookClient().notebook_path", after=START)
        assert path == "itself.ipynb"
        published = kernel.value("vars(client.publish(title='Sales'))")
        assert published["s3_path"].endswith(f"/published/{name}/itself.ipynb")
        listed = kernel.value("[known.version_id for known in client.versions()]")
        assert len(listed) == 1
        copy = kernel.value(f"client.clone({published['url']!r}).path")
    data = (site.hub.home(name) / copy).read_bytes()
    assert first_source(data) == "of the notebook"
    if server:
        person.stop(server)


def model(text: str) -> dict[str, object]:
    return {"type": "notebook", "format": "json", "content": notebook(text)}


def test_a_group_reads_what_was_published_for_it_and_nobody_else(
    people: People,
) -> None:
    ann, bob, cyd = people["ann"], people["bob"], people["cyd"]
    path = "api/bookstore/published/for-lab.ipynb?group=lab"
    answer = ann.ask_service("PUT", path, json=model("for the group"))
    assert answer.ok, answer.text
    link = answer.json()["url"]
    for person, status in ((bob, 200), (cyd, 403), (ann, 200)):
        with person.browser() as session:
            assert session.get(link, timeout=60).status_code == status, person.name
    refused = cyd.ask_service("PUT", path, json=model("of another group"))
    assert refused.status_code == 403


def test_an_admin_of_the_hub_reads_and_a_colleague_does_not(
    people: People, site: ServiceHub
) -> None:
    people["ann"].save("private.ipynb", "sesame")
    arrived(people["ann"], "private.ipynb", 1)
    bucket = site.store().bucket
    page = f"{site.service_url}bookstore/clone?s3_bucket={bucket}"
    page += "&s3_key=workspace/ann/private.ipynb"
    for name, status in (("bob", 403), ("eve", 200)):
        person = people[name] if name in people else site.person(name)
        with person.browser() as session:
            assert session.get(page, timeout=60).status_code == status, name
        # A token is in the reach of every notebook: it is never an admin's.
        store = site.store(person.token, workspace_prefix="x")
        with pytest.raises(ForbiddenError):
            store.head("workspace/ann/private.ipynb")


def test_another_replica_goes_on_with_a_login(
    people: People, site: ServiceHub, tmp_path: Path
) -> None:
    with site.replica(tmp_path) as replica, people["bob"].browser() as session:
        page = "/services/bookstore/bookstore/"
        begun = replica.get(page, **HTML)
        assert begun.status == 302
        name, _, value = begun.headers["Set-Cookie"].partition(";")[0].partition("=")
        session.cookies.set(name, value, path="/services/bookstore/")
        done = session.get(urljoin(site.hub.url, begun.headers["Location"]))
        assert done.status_code == 200
        assert done.url == f"{site.hub.url}{page}"
        login = session.cookies.get("bookstore-login")
        assert (
            replica.get(page, **HTML, Cookie=f"bookstore-login={login}").status == 200
        )
        assert replica.get(page, Cookie=f"bookstore-login={login}x").status == 401
        # A service of the hub, such as Prometheus, reads the counts of each replica.
        metrics = "/services/bookstore/api/bookstore/metrics"
        counts = replica.get(metrics, Authorization=f"Bearer {ADMIN_TOKEN}")
        assert "bookstore_requests_total" in counts.text
        assert replica.get(metrics).status == 401


def test_rights_that_the_hub_takes_back_end_with_a_reload_of_the_service(
    people: People, site: ServiceHub
) -> None:
    ann, bob, eve = people["ann"], people["bob"], site.person("eve")
    fay, gus, admin = (site.person(name) for name in ("fay", "gus", "root"))
    path = "api/bookstore/published/lab-only.ipynb?group=lab"
    for_lab = ann.ask_service("PUT", path, json=model("1")).json()["url"]
    ann.save("diary.ipynb", "1")
    arrived(ann, "diary.ipynb", 1)
    bucket, home = site.store().bucket, f"{site.service_url}bookstore/"
    diary = f"{home}clone?s3_bucket={bucket}&s3_key=workspace/ann/diary.ipynb"
    with ExitStack() as stack:
        ask = {p.name: stack.enter_context(p.browser()) for p in (ann, bob, eve, fay)}
        pages = {"ann": home, "bob": for_lab, "eve": diary, "fay": home}
        for name, page in pages.items():
            assert ask[name].get(page, timeout=60).url == page
        site.manage("DELETE", "groups/lab/users", json={"users": ["bob"]})
        site.manage("PATCH", "users/eve", token=admin.token, json={"admin": False})
        site.manage("DELETE", "users/fay")
        site.manage("PATCH", "users/gus", json={"name": "gussie"})
        ask["ann"].get(f"{site.hub.url}/hub/logout", timeout=60)
        assert "/hub/login" in ask["ann"].get(home, timeout=60).url
        site.reload_service()
        for name, status in {"bob": 403, "eve": 403, "fay": 302}.items():
            answer = ask[name].get(pages[name], timeout=60, allow_redirects=False)
            assert answer.status_code == status, name
    assert fay.ask_service("GET", "bookstore/").status_code == 401
    renamed = gus.ask_service("PUT", path.partition("?")[0], json=model("1"))
    assert "/published/gussie/" in renamed.json()["s3_path"]
    site.manage("POST", "groups/lab/users", json={"users": ["bob"]})
    site.manage("PATCH", "users/eve", token=admin.token, json={"admin": True})


@pytest.mark.skipif(
    NGINX is None, reason="nginx is not installed (apt-get install nginx-light)"
)
def test_forms_and_logins_work_through_nginx_with_https(
    people: People, site: ServiceHub, tmp_path: Path
) -> None:
    replaced = {"127.0.0.1:8000": site.hub.url.removeprefix("http://")}
    config = documented_config("map ")
    with Nginx(tmp_path / "nginx", config, replaced, name="hub") as nginx:
        service = f"{nginx.url}/services/bookstore"
        with people["bob"].browser(nginx.url, nginx.certificate) as session:
            page = session.get(f"{service}/bookstore/")
            assert page.url == f"{service}/bookstore/"
            cookies = [c for c in session.cookies if c.name == "bookstore-login"]
            assert [cookie.secure for cookie in cookies] == [True]
            path = f"{service}/api/bookstore/published/by-https.ipynb"
            for origin, status in ((nginx.url, 200), ("https://evil.example", 403)):
                answer = session.put(path, json=model("1"), headers={"Origin": origin})
                assert answer.status_code == status, answer.text
            published = session.put(path, json=model("1")).json()
            assert published["url"].startswith(f"{service}/bookstore/clone?")
