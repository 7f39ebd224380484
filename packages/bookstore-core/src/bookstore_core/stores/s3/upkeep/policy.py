"""Policies of least rights for IAM: for a person, the service, a reader, a timer.

A person saves below ``WORKSPACE/NAME/`` and publishes below ``PUBLISHED/NAME/``. The
records of bookstore are in folders `.bookstore/` beside the notebooks, so these two
prefixes have everything that belongs to a person.
"""

import re
from dataclasses import dataclass
from typing import Any

from bookstore_core.errors import InvalidRequestError
from bookstore_core.paths import DELIMITER, OWN_FOLDER, check_path
from bookstore_core.stores.s3.remedies import RIGHT

Statement = dict[str, Any]

READ = ("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectVersionTagging")
WRITE = ("s3:PutObject", "s3:PutObjectVersionTagging", "s3:AbortMultipartUpload")
#: Without these, a dry run cannot say what Object Lock keeps.
SEE_LOCKS = ("s3:GetObjectRetention", "s3:GetObjectLegalHold")
UNPUBLISH = ("s3:DeleteObject",)
KMS = ("kms:GenerateDataKey", "kms:Decrypt")

#: What these policies cannot say, for those who give them to people.
NOTES = (
    "Who may write a version may write any author, time and title into it.",
    "Names of published notebooks are shown to everybody who may list them.",
    "A published notebook is for all readers; there are no groups.",
    "Every kernel of a server can read the server's credentials.",
    "Rights on tags are for all tags: a person can change those that a lifecycle rule "
    "selects by.",
    "Use the service (storage = 'service') where this is not enough.",
)

_SPECIAL = re.compile(r"[*?$]")


@dataclass(frozen=True)
class Place:
    """A bucket and its shelves, without outer slashes; `key` is a key of KMS."""

    bucket: str
    workspace: str
    published: str
    region: str = ""
    key: str = ""

    @property
    def arn(self) -> str:
        """The bucket, as policies name it."""
        return f"arn:{_partition(self.region)}:s3:::{self.bucket}"


def _partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def check_name(name: str) -> str:
    """Return a person's name; raises InvalidRequestError if it is no folder's name."""
    if DELIMITER in name or name == OWN_FOLDER or check_path(name, what="name") != name:
        raise InvalidRequestError(
            f"{name!a} cannot be a person's folder: give one part of a path."
        )
    return name


def policy_for_person(place: Place, name: str) -> dict[str, Any]:
    """Return the policy for a person's own server."""
    name = check_name(name)
    own = f"{place.workspace}/{name}"
    published = f"{place.published}/{name}"
    return _policy(
        place,
        _lists(place, own, place.published),
        _allow("SaveOwn", (*READ, *WRITE), place, own),
        _allow("ReadPublished", READ, place, place.published),
        _allow("PublishOwn", (*WRITE, *UNPUBLISH), place, published),
    )


def policy_for_service(place: Place) -> dict[str, Any]:
    """Return the policy for the service, which keeps everybody's shelves."""
    shelves = (place.workspace, place.published)
    return _policy(
        place,
        _lists(place, *shelves),
        _allow("ReadAndWrite", (*READ, *WRITE), place, *shelves),
        _allow("Unpublish", UNPUBLISH, place, place.published),
    )


def policy_for_reader(place: Place) -> dict[str, Any]:
    """Return the policy for who reads the published shelf, and writes nothing."""
    return _policy(
        place,
        _lists(place, place.published),
        _allow("ReadPublished", READ, place, place.published),
        writes=False,
    )


def policy_for_pruner(place: Place) -> dict[str, Any]:
    """Return the policy for the timer that runs `jupyter bookstore prune`."""
    return _policy(
        place,
        _lists(place, place.workspace),
        _allow("PruneWorkspace", (*READ, *SEE_LOCKS, RIGHT), place, place.workspace),
        writes=False,
    )


def _policy(
    place: Place, *statements: Statement, writes: bool = True
) -> dict[str, Any]:
    encryption: list[Statement] = []
    if place.key.startswith("arn:"):
        actions = list(KMS if writes else KMS[1:])
        encryption = [_statement("Encryption", actions, [place.key])]
    versioning = _statement("SeeVersioning", ["s3:GetBucketVersioning"], [place.arn])
    return {
        "Version": "2012-10-17",
        "Statement": [versioning, *statements, *encryption],
    }


def _lists(place: Place, *prefixes: str) -> Statement:
    patterns = [f"{_literal(prefix)}/*" for prefix in prefixes]
    return {
        **_statement("List", ["s3:ListBucket", "s3:ListBucketVersions"], [place.arn]),
        "Condition": {"StringLike": {"s3:prefix": patterns}},
    }


def _allow(
    what: str, actions: tuple[str, ...], place: Place, *prefixes: str
) -> Statement:
    resources = [f"{place.arn}/{_literal(prefix)}/*" for prefix in prefixes]
    return _statement(what, list(actions), resources)


def _statement(what: str, actions: list[str], resources: list[str]) -> Statement:
    return {"Sid": what, "Effect": "Allow", "Action": actions, "Resource": resources}


def _literal(text: str) -> str:
    """Return a text in which no character has a meaning for IAM."""
    return _SPECIAL.sub(lambda found: f"${{{found[0]}}}", text)
