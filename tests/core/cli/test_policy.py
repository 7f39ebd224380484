"""`jupyter bookstore policy`: a policy on standard output, notes beside it."""

import json

import pytest

from harness.command import Run

BUCKET = "--BookstoreSettings.s3_bucket=books"


def test_a_policy_is_json_and_notes_are_apart(run: Run) -> None:
    done = run("policy", "--user=ann", BUCKET)
    assert done.code == 0
    assert "arn:aws:s3:::books/workspace/ann/*" in json.dumps(json.loads(done.out))
    assert "c.BookstoreSettings.workspace_prefix = 'workspace/ann'" in done.err
    assert "any author" in done.err
    told = json.loads(run("policy", "--user=ann", BUCKET, "--json").out)
    assert told["policy"] == json.loads(done.out)
    assert told["settings"]["published_prefix"] == "published/ann"


@pytest.mark.parametrize("whom", ["--service", "--reader", "--pruner"])
def test_there_are_policies_for_other_accounts(run: Run, whom: str) -> None:
    told = json.loads(run("policy", whom, BUCKET).out)
    assert told["Version"] == "2012-10-17"
    removes = "s3:DeleteObjectVersion" in json.dumps(told)
    assert removes == (whom == "--pruner")


@pytest.mark.parametrize(
    "given", [(), ("--service", "--reader"), ("--user=a/b",), ("--user=x", "--reader")]
)
def test_it_must_be_for_one_account(run: Run, given: tuple[str, ...]) -> None:
    assert run("policy", *given, BUCKET).code == 2


def test_without_a_bucket_there_is_no_policy(run: Run) -> None:
    assert run("policy", "--reader").code == 3
