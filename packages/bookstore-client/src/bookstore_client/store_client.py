"""The client of bookstore's API on a notebook server."""

from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from bookstore_client.answers import (
    Copy,
    Difference,
    Hit,
    KeptRun,
    Link,
    ListedNotebook,
    Published,
    Restored,
    Status,
    Unpublished,
    Version,
    VersionContent,
)
from bookstore_client.connection import API, quoted
from bookstore_client.errors import InvalidRequestError, StorageError
from bookstore_client.nb_client import CurrentNotebookClient
from bookstore_client.reader import read_answer

Answer = TypeVar("Answer")


class BookstoreClient(CurrentNotebookClient):
    """Publishes, clones, lists, compares, restores and labels versions of notebooks.

    In a kernel, ``BookstoreClient()`` asks the server of the notebook that it runs for,
    and methods without a `path` are about that notebook. Elsewhere, name the server:
    ``BookstoreClient(url="https://hub.example.org/user/ann/", token="...")``.

    `s3_bucket` is the bucket to clone from unless another is named. Options are
    `timeout` (seconds), `verify` and `ca_certs`. A version is named by its id, ``@0``
    for the newest, ``@1`` for the one before and so on, or a label. `shelf` is
    ``workspace`` or ``published``. Methods raise the errors of
    `bookstore_client.errors`, with a sentence about what to do.
    """

    def __init__(
        self,
        s3_bucket: str | None = None,
        *,
        url: str = "",
        token: str = "",
        **options: Any,
    ) -> None:
        self.default_bucket = s3_bucket or ""
        super().__init__(url=url, token=token, **options)

    @property
    def publish_endpoint(self) -> str:
        """The address below which notebooks are published."""
        return f"{self.url}/{API}/publish/"

    @property
    def clone_endpoint(self) -> str:
        """The address at which notebooks are cloned."""
        return f"{self.url}/{API}/clone/"

    def publish(
        self, path: str | None = None, *, to: str = "", title: str = "", note: str = ""
    ) -> Published:
        """Publish the file of a notebook; return a `Published`.

        `path` is that of the notebook on the server, and `to` that on the published
        shelf if it is another. What is not saved yet is not published.
        """
        path = path or self.notebook_path
        model = self.get_contents(path)
        body = {"type": model.get("type"), "content": model.get("content")}
        body |= {"title": title, "note": note}
        return self._send(Published, "PUT", f"publish/{quoted(to or path)}", body)

    def unpublish(self, path: str | None = None) -> Unpublished:
        """Take a notebook off the published shelf, if you have published it."""
        path = path or self.notebook_path
        return self._send(Unpublished, "DELETE", f"publish/{quoted(path)}")

    def clone(
        self,
        s3_bucket: str | None = None,
        s3_key: str = "",
        target_path: str = "",
        *,
        version_id: str = "",
    ) -> Copy:
        """Clone a notebook to the server: ``Copy(name, path, s3_path, version_id)``.

        Instead of a bucket, the first word may be a link that clones, such as the `url`
        of what was published. `target_path` is a folder or a full path; without it the
        copy goes to the top folder under its own name.
        """
        s3_bucket = s3_bucket or self.default_bucket
        body = {"s3_bucket": s3_bucket, "s3_key": s3_key}
        body |= {"s3_version_id": version_id}
        if "://" in s3_bucket:
            body |= _named_in(s3_bucket)
        return self._send(Copy, "POST", "clone", body | {"target_path": target_path})

    def versions(
        self,
        path: str | None = None,
        *,
        limit: int = 50,
        q: str = "",
        shelf: str = "workspace",
    ) -> tuple[Version, ...]:
        """Return the versions of a notebook, newest first, also from before renames.

        `q` returns only those whose label has this text in its name or comment.
        """
        query = {"path": path or self.notebook_path, "q": q, "shelf": shelf}
        return self._pages(Version, "versions", "versions", query, limit)

    def runs(
        self, path: str | None = None, *, limit: int = 50, shelf: str = "workspace"
    ) -> tuple[KeptRun, ...]:
        """Return your runs of a notebook, newest first, wherever they are kept."""
        query = {"path": path or self.notebook_path, "shelf": shelf}
        return self._pages(KeptRun, "runs", "runs", query, limit)

    def version(
        self,
        version_id: str = "@0",
        path: str | None = None,
        *,
        shelf: str = "workspace",
    ) -> VersionContent:
        """Return one version and its notebook, a dict in `content`."""
        path = path or self.notebook_path
        return self._get(
            VersionContent, "version", path=path, version_id=version_id, shelf=shelf
        )

    def diff(
        self,
        base: str = "",
        remote: str = "",
        path: str | None = None,
        *,
        summary: bool = False,
        shelf: str = "workspace",
    ) -> Difference:
        """Return what differs between two versions, `base` being the older one.

        By default these are the newest and the one before. ``remote="file"`` compares
        with the file as it is now. With `summary`, only the numbers, which is quicker.
        """
        return self._get(
            Difference,
            "diff",
            path=path or self.notebook_path,
            base=base,
            remote=remote,
            summary=int(summary),
            shelf=shelf,
        )

    def restore(
        self,
        version_id: str = "",
        path: str | None = None,
        *,
        to: str | None = None,
        sha256: str = "",
    ) -> Restored:
        """Write a version over the notebook, or to a copy: `to` is its folder or path.

        An empty `to` makes a copy beside the notebook. What was in the file is a
        version, too: ``restore(sha256=answer.undo.sha256)`` brings it back.
        """
        body: dict[str, Any] = {"path": path or self.notebook_path}
        body |= {"version_id": version_id, "sha256": sha256}
        if to is not None:
            body["target_path"] = to
        return self._send(Restored, "POST", "restore", body)

    def label(
        self,
        name: str,
        version_id: str = "@0",
        path: str | None = None,
        *,
        comment: str = "",
        shelf: str = "workspace",
    ) -> Version:
        """Label a version, and return it; an empty name removes its label."""
        body = {"path": path or self.notebook_path, "version_id": version_id}
        body |= {"name": name, "comment": comment, "shelf": shelf}
        return self._send(Version, "PUT", "label", body)

    def link(
        self,
        version_id: str = "",
        path: str | None = None,
        *,
        shelf: str = "workspace",
    ) -> Link:
        """Return the links by which others open a version, by default the newest."""
        path = path or self.notebook_path
        return self._get(Link, "link", path=path, version_id=version_id, shelf=shelf)

    def search(self, text: str, *, shelf: str = "", limit: int = 20) -> tuple[Hit, ...]:
        """Return the notebooks of both shelves, or of one, that have the words.

        `text` may have "phrases", ``author:NAME``, ``in:FOLDER``, ``label:NAME``,
        ``kernel:NAME``, ``after:DATE`` and ``before:DATE``, too. Raises
        StorageUnavailableError while the server makes its catalogue for the first time.
        """
        query = {"q": text, "shelf": shelf}
        return self._pages(Hit, "search", "notebooks", query, limit, most=100)

    def notebooks(
        self,
        prefix: str = "",
        *,
        q: str = "",
        shelf: str = "workspace",
        limit: int = 200,
    ) -> tuple[ListedNotebook, ...]:
        """Return the notebooks in a folder of a shelf.

        With `q`: those in it and all below whose path, or title, has this text.
        """
        query = {"prefix": prefix, "q": q, "shelf": shelf}
        return self._pages(ListedNotebook, "notebooks", "notebooks", query, limit)

    def status(self) -> Status:
        """Return the server's release and features, and the state of its store."""
        return self._get(Status, "")

    def _pages(
        self,
        kind: type[Answer],
        route: str,
        member: str,
        query: dict[str, str],
        limit: int,
        *,
        most: int = 500,
    ) -> tuple[Answer, ...]:
        """Follow the cursors of a list until there are enough, or no more."""
        found: list[Any] = []
        cursor: Any = ""
        while cursor is not None and len(found) < limit:
            wanted = min(limit - len(found), most)
            url = f"{API}/{route}"
            page = self._connection.get(url, **query, limit=wanted, cursor=cursor)
            try:
                found += page[member]
                cursor = page["cursor"]
            except (TypeError, KeyError, IndexError):
                raise self._unexpected() from None
        return tuple(self._read(kind, item) for item in found)

    def _get(self, kind: type[Answer], route: str, /, **query: str | int) -> Answer:
        path = f"{API}/{route}".rstrip("/")
        return self._read(kind, self._connection.get(path, **query))

    def _send(
        self,
        kind: type[Answer],
        method: str,
        route: str,
        body: dict[str, Any] | None = None,
    ) -> Answer:
        return self._read(kind, self._connection.send(method, f"{API}/{route}", body))

    def _read(self, kind: type[Answer], value: Any) -> Answer:
        try:
            return read_answer(kind, value)
        except (TypeError, ValueError, AttributeError):
            raise self._unexpected() from None

    def _unexpected(self) -> StorageError:
        return StorageError(f"What {self.url} answered is not as expected.")


def _named_in(link: str) -> dict[str, str]:
    """Return what a link to a page that clones names."""
    try:
        query = parse_qs(urlsplit(link).query)
        named = {name: query[name][0] for name in ("s3_bucket", "s3_key")}
    except (ValueError, KeyError):
        raise InvalidRequestError(
            f"{link!r} is not a link that clones: it names no s3_bucket and s3_key."
        ) from None
    return named | {"s3_version_id": query.get("s3_version_id", [""])[0]}
