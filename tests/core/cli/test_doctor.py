"""`jupyter bookstore doctor` and `init`: whatever is wrong, they say what to do."""

import re
import resource
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bookstore_core.spool.drain_status import DrainStatus
from bookstore_core.spool.saves import Trailer, entry_name
from bookstore_core.stores import VersionMetadata
from core.saving import Traits
from harness.command import Outcome, Run
from harness.fault_proxy import Fault, FaultProxy
from harness.notebook_server import free_port

KEYS = {"s3_access_key_id": "a", "s3_secret_access_key": "hunter2hunter2"}


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """Options for a spool of the test's own."""
    return [f"--BookstoreSettings.spool_dir={tmp_path / 'spool'}"]


def options(**traits: str) -> list[str]:
    return [f"--BookstoreSettings.{name}={value}" for name, value in traits.items()]


def check_words(outcome: Outcome) -> None:
    """Check that each problem ends in what to do, and none is a name of Python."""
    text = outcome.out + outcome.err
    assert "Traceback" not in text
    assert "hunter2" not in text
    assert not re.search(r"\b[A-Z][a-z]\w*Error\b", text), text
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    starts = [n for n, line in enumerate(lines) if line.startswith(("!!", "jupyter b"))]
    assert starts
    for start in starts:
        following = lines[start + 1 : start + 2]
        ours = [x for x in following if not x.startswith(("!!", "ok", "1 ", "2 "))]
        said = " ".join([lines[start], *ours])
        assert re.search(WHAT_TO_DO, said), said


WHAT_TO_DO = (
    r"(Set|Correct|Check|Allow|Ask|Put|Run|Add|Choose|Enable|Renew|Provide|Free|Give|"
    r"Install|Create|Make|Start)\b|or set it|run '?jupyter"
)


@pytest.mark.parametrize("verb", ["doctor", "init"])
@pytest.mark.parametrize(
    "traits",
    [
        {},
        {"s3_endpoint_url": "nonsense", **KEYS},
        {"s3_endpoint_url": "http://a b/", **KEYS},
        {"s3_endpoint_url": "http://ann:hunter2@127.0.0.1:9", **KEYS},
        {"s3_endpoint_url": "http://no-such-host.invalid", **KEYS},
        {"s3_bucket": "not valid", **KEYS},
        {"s3_region_name": "not a region", **KEYS},
        {"s3_access_key_id": "a"},
        {"storage": "local", "local_root": "/dev/null/store"},
        {"storage": "local", "local_root": "/proc/store"},
    ],
)
def test_whatever_is_set_doctor_and_init_say_what_to_do(
    run: Run, words: list[str], verb: str, traits: dict[str, str]
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    known = {"s3_bucket": "b", "s3_endpoint_url": url, **traits}
    outcome = run(verb, *words, *options(**known))
    assert outcome.code
    check_words(outcome)


@pytest.mark.parametrize("verb", ["doctor", "init"])
@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("AccessDenied", 403),
        ("none", 403),
        ("none", 302),
        ("none", 500),
        ("NotImplemented", 501),
        ("SomethingNew", 400),
        ("InvalidAccessKeyId", 403),
        ("ExpiredToken", 400),
    ],
)
def test_whatever_a_store_answers_doctor_and_init_say_what_to_do(
    run: Run,
    s3_server: Traits,
    words: list[str],
    verb: str,
    code: str,
    status: int,
) -> None:
    with FaultProxy(s3_server["s3_endpoint_url"]) as proxy:
        proxy.fault = Fault("status", status=status, code=code)
        traits = {"s3_bucket": "b", "s3_endpoint_url": proxy.url, **KEYS}
        outcome = run(verb, *words, *options(**traits))
    assert outcome.code
    check_words(outcome)


def test_doctor_passes_on_the_problems_of_the_spool(
    run: Run, words: list[str], tmp_path: Path
) -> None:
    spool = tmp_path / "spool"
    for folder in ("tmp", "new", "cur", "failed"):
        (spool / folder).mkdir(parents=True, mode=0o700)
    saved = datetime.now(UTC) - timedelta(minutes=5)
    metadata = VersionMetadata("1f", saved, "ann", sha256="ab" * 32, source_path="k")
    trailer = Trailer(key="k", size=2, metadata=metadata)
    save = spool / "new" / entry_name(saved, metadata.save_id)
    save.write_bytes(b"{}" + trailer.encode())
    refused = {"last_error": "The store has refused it.", "refused": True}
    DrainStatus(pid=1, written_at=saved.isoformat(), **refused).write(str(spool))
    local = options(storage="local", local_root=str(tmp_path / "store"))
    assert run("init", *local).code == 0
    outcome = run("doctor", *words, *local)
    assert outcome.code == 1
    assert "All is well" not in outcome.out
    assert "not reaching the store: The store has refused it." in outcome.out
    check_words(outcome)


def test_doctor_writes_a_version_and_removes_it(
    run: Run, s3_server: Traits, words: list[str]
) -> None:
    traits = options(**{**s3_server, "s3_bucket": "doctors-own"})
    assert run("init", *traits).code == 0
    outcome = run("doctor", *words, *traits)
    assert outcome.code == 0, outcome.out
    assert "ok  A version that was just written can be read by its id." in outcome.out
    assert "ok  Versions can be labelled." in outcome.out


def test_a_store_with_a_wrong_setting_is_not_called_unconfigured(
    run: Run, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    (tmp_path / "jupyter_config.json").write_text(
        '{"BookstoreSettings": {"storage": "S3", "s3_bucket": "b"}}'
    )
    outcome = run("doctor", *words)
    assert "'storage' trait" in outcome.out
    assert "No store is configured" not in outcome.out


def test_an_empty_directory_of_a_store_is_named(run: Run, words: list[str]) -> None:
    outcome = run("doctor", *words, *options(storage="local", local_root=""))
    assert "local_root is empty" in outcome.out
    assert "s3_bucket" not in outcome.out
    check_words(outcome)


@pytest.mark.parametrize(
    ("name", "lacks"),
    [
        ("workspace_prefix", "saves are not archived"),
        ("published_prefix", "nothing is published"),
    ],
)
def test_doctor_says_what_an_empty_prefix_means(
    run: Run, words: list[str], tmp_path: Path, name: str, lacks: str
) -> None:
    known = {"storage": "local", "local_root": str(tmp_path / "store"), name: ""}
    outcome = run("doctor", *words, *options(**known))
    assert f"{name} is empty: {lacks}." in outcome.out
    assert "saves are archived" not in outcome.out
    check_words(outcome)


@pytest.mark.parametrize("workspace", ["shared", "shared/ann/"])
def test_doctor_finds_a_workspace_that_is_published(
    run: Run, words: list[str], tmp_path: Path, workspace: str
) -> None:
    known = {"storage": "local", "local_root": str(tmp_path / "store")}
    known |= {"workspace_prefix": workspace, "published_prefix": "shared"}
    outcome = run("doctor", *words, *options(**known))
    assert "what people save is published" in outcome.out
    assert outcome.code == 1
    known |= {"workspace_prefix": "shared-not", "published_prefix": "shared-not/all"}
    assert "what people save is published" not in (
        run("doctor", *words, *options(**known)).out
    )


def test_a_spool_on_a_full_disk_is_found(run: Run, words: list[str]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))  # as if it were full
    try:
        outcome = run("doctor", *words)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert re.search(r"The spool .* cannot be written: File too large", outcome.out)
    check_words(outcome)


def test_doctor_repairs_on_request(run: Run, words: list[str], tmp_path: Path) -> None:
    local = options(storage="local", local_root=str(tmp_path / "store"))
    sentence = "ok  Recorded the earlier renames of 0 notebooks."
    assert sentence not in run("doctor", *words, *local).out
    assert sentence in run("doctor", "--repair", *words, *local).out


@pytest.mark.parametrize(
    ("auth", "said"), [("hub", "JupyterHub says"), ("header", "the proxy before it")]
)
def test_a_service_is_not_asked_for_a_notebook_server_or_a_spool(
    run: Run, tmp_path: Path, auth: str, said: str
) -> None:
    (tmp_path / "data").mkdir()
    spool = tmp_path / "spool"
    store = {"storage": "local", "local_root": str(tmp_path / "data")}
    traits = {"auth": auth, "spool_dir": str(spool), **store}
    outcome = run("doctor", *options(**traits))
    assert outcome.code == 0, outcome.out
    assert f"This is a service: {said}" in outcome.out
    assert "notebook server" not in outcome.out
    assert "spool" not in outcome.out
    assert not spool.exists()
