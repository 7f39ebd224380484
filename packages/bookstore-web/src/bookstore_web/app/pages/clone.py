"""The clone pages: they show what would be cloned, and where to, and clone it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from bookstore_core.errors import BookstoreError
from bookstore_core.history.removals import say_removal
from bookstore_core.stores import Label, Version
from bookstore_web.app.context import caller, context
from bookstore_web.app.failures import headers_of, status_of
from bookstore_web.app.finds import note_clone
from bookstore_web.app.operations import HTML, needs, operation
from bookstore_web.app.schemas import CloneFields
from bookstore_web.app.services import services
from bookstore_web.contents.drafts import Draft, draft_of_valid, opening_url, save
from bookstore_web.contents.free_names import FreeName, find_place
from bookstore_web.fields import optional_field, text_field
from bookstore_web.rendering.policy import FRAME_SANDBOX
from bookstore_web.sharing.clone import CloneSource, fetched, is_published, look_up
from bookstore_web.sharing.clone_mounted import MountedFile, mounted, read_mounted
from bookstore_web.sharing.file_kinds import kind_of

blueprint = Blueprint("clone", __name__)


@dataclass(frozen=True)
class Offer:
    """What the landing page shows about a file that can be cloned.

    `form` is the address that its form posts to, `fields` are the form's fields besides
    the target, and `shown` those that name it in the address of its content. A file of
    a mounted directory has no version id. `label` is the label of the version, if any.
    `title` and `note` are those of a publication. `removal` says that the notebook was
    unpublished since.
    """

    name: str
    origin: str
    version_id: str
    is_newest: bool
    size: int
    saved_at: datetime
    author: str
    form: str
    fields: Mapping[str, str]
    shown: Mapping[str, str]
    label: Label | None = None
    removal: str = ""
    title: str = ""
    note: str = ""
    sha256: str = ""
    is_published: bool = False

    @property
    def content(self) -> str:
        """The address of the document with its content, below the base URL."""
        return f"{self.form}/content?{urlencode(self.shown)}"

    @property
    def kind(self) -> str:
        """What the file is if it is not a notebook, as sentences."""
        return kind_of(self.name)


@blueprint.get("/api/bookstore/cloned")
@blueprint.get("/bookstore/clone")
@needs("s3_clone_valid")
@operation(query=CloneFields, media_types=(HTML,), errors=(400, 404, 409, 413))
def landing(fields: dict[str, str]) -> Response:
    """Show what would be cloned, and where to, with a button that clones it."""
    source = services().clone_source(fields)
    store, settings = services().open_store(hurried=True), services().settings
    version = look_up(source, store=store, settings=settings)
    offer = _offer_version(source, version)
    return _show(offer, optional_field(fields, "target_path"))


@blueprint.post("/bookstore/clone")
@needs("s3_clone_valid")
def clone() -> BaseResponse:
    """Clone the notebook that the landing page showed, and open the copy."""
    fields = request.form.to_dict()
    source = services().clone_source(fields)
    target_path = optional_field(fields, "target_path")
    settings, hurried = services().settings, services().open_store(hurried=True)
    # This fails early if the store is down; `fetched` allows time for a large file.
    look_up(source, store=hurried, settings=settings)
    store, budget = services().open_store(), services().budget
    with fetched(source, store=store, settings=settings, budget=budget) as original:
        draft = _draft(source.name, original.data)
        answer = _save(draft, target_path, _offer_version(source, original.version))
    note_clone(source)
    return answer


@blueprint.get("/bookstore/fs-clone")
@needs("fs_clone_valid")
def fs_landing() -> Response:
    """Show which file of the mounted directory would be cloned, and where to."""
    fields = request.args.to_dict()
    settings = services().settings
    basedir, limit = settings.fs_cloning_basedir, settings.max_notebook_size
    relpath = text_field(fields, "relpath")
    file = read_mounted(basedir, relpath, limit=limit, content=False)
    return _show(_offer_file(file), optional_field(fields, "target_path"))


@blueprint.post("/bookstore/fs-clone")
@needs("fs_clone_valid")
def fs_clone() -> BaseResponse:
    """Clone the notebook that the landing page showed, and open the copy."""
    fields = request.form.to_dict()
    target_path = optional_field(fields, "target_path")
    settings, budget = services().settings, services().budget
    relpath = text_field(fields, "relpath")
    with mounted(relpath, settings=settings, budget=budget) as file:
        draft = _draft(file.name, file.data)
        return _save(draft, target_path, _offer_file(file))


def _offer_version(source: CloneSource, version: Version) -> Offer:
    known = version.metadata
    fields = source.query
    return Offer(
        name=source.name,
        origin=source.display_path,
        version_id=version.version_id,
        is_newest=version.is_latest or not source.version_id,
        size=version.size,
        saved_at=version.saved_at,
        author=known.author if known else "",
        form="bookstore/clone",
        fields=fields,
        shown=replace(source, version_id=version.version_id).query,
        label=_label_of(version),
        removal=_removal_of(source),
        title=known.title if known else "",
        note=known.note if known else "",
        sha256=known.sha256 if known else "",
        is_published=is_published(source, services().settings),
    )


def _removal_of(source: CloneSource) -> str:
    if not source.version_id:
        return ""
    try:
        removal = services().removals().of(source.key, bucket=source.bucket)
    except BookstoreError:
        return ""  # it is not needed to clone
    return say_removal(source.name, removal) if removal else ""


def _label_of(version: Version) -> Label | None:
    found = version.version_id
    try:
        store = services().open_store(hurried=True)
        return store.labels(version.key, bucket=version.bucket, only=[found]).get(found)
    except BookstoreError:
        return None  # permission to read a bucket may not include its labels


def _offer_file(file: MountedFile) -> Offer:
    return Offer(
        name=file.name,
        origin=str(file.path),
        version_id="",
        is_newest=True,
        size=file.size,
        saved_at=file.modified_at,
        author="",
        form="bookstore/fs-clone",
        fields={"relpath": file.relpath},
        shown={"relpath": file.relpath},
    )


def _show(offer: Offer, target_path: str) -> Response:
    """Render the landing page, with a free path on the notebook server if any."""
    if services().launch is None:
        return _render(offer)
    try:
        server = services().contents
        place = find_place(offer.name, target_path, server=server, caller=caller())
        return _render(offer, place=place, target=place.path)
    except BookstoreError as error:
        return _render(offer, target=target_path, problem=error)


def _draft(name: str, data: bytes) -> Draft:
    return draft_of_valid(name, data, server=services().contents, caller=caller())


def _save(draft: Draft, target_path: str, offer: Offer) -> BaseResponse:
    """Save the draft and redirect to it, or show the landing page with the error."""
    try:
        server = services().contents
        saved = save(draft, target_path, server=server, caller=caller())
    except BookstoreError as error:
        return _render(offer, target=target_path, problem=error)
    known = context()
    url = opening_url(saved, base_url=known.base_url, ui=known.ui)
    return redirect(url, code=303)


def _render(
    offer: Offer,
    *,
    place: FreeName | None = None,
    target: str = "",
    problem: BookstoreError | None = None,
) -> Response:
    page = render_template(
        "clone.html",
        offer=offer,
        place=place,
        target=target,
        problem=problem,
        can_save=services().launch is not None,
        xsrf_token=context().xsrf_token,
        query=request.query_string.decode("latin-1"),
        frame_sandbox=FRAME_SANDBOX,
    )
    response = make_response(page, status_of(problem) if problem else 200)
    if problem:
        response.headers.update(headers_of(problem))
    return response
