"""`jupyter bookstore policy`: print the IAM policy of least rights for somebody."""

import json
from typing import Any

from traitlets import Bool, Unicode

from bookstore_core.cli.command import Verb
from bookstore_core.errors import ConfigurationError, InvalidRequestError
from bookstore_core.history import PUBLISHED, WORKSPACE
from bookstore_core.paths import DELIMITER
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores.s3.upkeep.policy import (
    NOTES,
    Place,
    policy_for_person,
    policy_for_pruner,
    policy_for_reader,
    policy_for_service,
)

ONE = "Give one of --user=NAME, --service, --reader and --pruner."


class PolicyApp(Verb):
    """Print the IAM policy with the least rights for a person, or another account.

    A person saves below workspace_prefix/NAME, publishes below published_prefix/NAME
    and reads all that is published. The prefixes and the bucket are those of the
    settings. Nothing is sent. Notes about what IAM cannot say go to standard error.
    Exit codes: 0 done, 2 the command line is not valid, 3 no bucket or prefix is set.
    """

    name = "jupyter-bookstore-policy"
    description = __doc__
    examples = """
    jupyter bookstore policy --user=ann > ann.json
    jupyter bookstore policy --reader --BookstoreSettings.s3_bucket=our-notebooks
    """
    user = Unicode("", help="For this person's notebook server.").tag(config=True)
    service = Bool(False, help="For the service with everybody's shelves.").tag(
        config=True
    )
    reader = Bool(False, help="For who only reads what is published.").tag(config=True)
    pruner = Bool(False, help="For a timer that runs 'prune'.").tag(config=True)
    flags = {  # noqa: RUF012
        **Verb.flags,
        "service": ({"PolicyApp": {"service": True}}, "For the service."),
        "reader": ({"PolicyApp": {"reader": True}}, "For who only reads."),
        "pruner": ({"PolicyApp": {"pruner": True}}, "For a timer that prunes."),
    }
    aliases = {**Verb.aliases, "user": "PolicyApp.user"}  # noqa: RUF012

    def run(self) -> int:
        chosen = [bool(self.user), self.service, self.reader, self.pruner]
        if sum(chosen) != 1:
            raise InvalidRequestError(ONE)
        place = _place(self.settings())
        policy: dict[str, Any]
        settings: dict[str, str] = {}
        if self.user:
            policy = policy_for_person(place, self.user)
            settings = {
                "workspace_prefix": f"{place.workspace}/{self.user}",
                "published_prefix": f"{place.published}/{self.user}",
            }
        elif self.service:
            policy = policy_for_service(place)
        elif self.reader:
            policy = policy_for_reader(place)
        else:
            policy = policy_for_pruner(place)
        if self.as_json:
            self.show({"policy": policy, "settings": settings, "notes": NOTES}, ())
            return 0
        print(json.dumps(policy, indent=2, ensure_ascii=False))
        for name, value in settings.items():
            self.print_note(f"c.BookstoreSettings.{name} = {value!r}")
        for note in NOTES:
            self.print_note(f"note: {note}")
        return 0


def _place(settings: BookstoreSettings) -> Place:
    if not settings.s3_bucket:
        raise ConfigurationError(
            "No bucket is set. Set BookstoreSettings.s3_bucket, also on the command "
            "line."
        )
    for shelf in (WORKSPACE, PUBLISHED):
        shelf.check(settings)
    return Place(
        bucket=settings.s3_bucket,
        workspace=settings.workspace_prefix.strip(DELIMITER),
        published=settings.published_prefix.strip(DELIMITER),
        region=settings.s3_region_name,
        key=settings.s3_sse_kms_key_id,
    )
