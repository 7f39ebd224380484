"""How fast a spool is drained, compared with a plain loop of `put_object`.

Each measurement is a process of its own: ``python -m bench.draining JOB``, where JOB is
a JSON object; it prints seconds.
"""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.figures import Figure, Kind, Target, figure
from bench.notebooks import numbered, save_body
from bookstore_archiver.archiver import Archiver
from bookstore_archiver.spool.sources import BytesSource
from bookstore_archiver.spool.spool import Spool
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import new_save_id, open_store, utc_now
from bookstore_core.stores.versions import VersionMetadata

TARGET = Target(Kind.SHARE, 0.60)
NOTEBOOKS = 20
TESTS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Job:
    """The job of a process: put `saves` of 10 KB, `bare` or from a spool."""

    bare: bool
    saves: int
    spool_dir: str
    traits: dict[str, str]


def measure_drains(
    python: Path, folder: Path, traits: dict[str, str], *, saves: int, rounds: int
) -> Figure:
    """Drain and put in turn, each in a new process; rates are in saves per second."""
    folder.mkdir()
    rates: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(rounds):
        for bare in (True, False) if turn % 2 == 0 else (False, True):
            job = Job(bare, saves, str(folder / f"spool-{turn}"), traits)
            rates[bare].append(saves / _run(python, job))
    return figure(
        "drain rate, plain: bare put_object",
        "1/s",
        rates[True],
        rates[False],
        target=TARGET,
    )


def _run(python: Path, job: Job) -> float:
    command = [str(python), "-m", "bench.draining", json.dumps(asdict(job))]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(Path(job.spool_dir).parent),
        "PYTHONPATH": str(TESTS),
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    done = subprocess.run(
        command, env=environment, check=True, capture_output=True, timeout=600
    )
    return float(done.stdout)


def _contents(number: int) -> Callable[[int], bytes]:
    body = save_body(10_000)
    texts = [json.loads(numbered(body, turn))["content"] for turn in range(number)]
    notebooks = [json.dumps(text, indent=1).encode() for text in texts]
    return notebooks.__getitem__


def _path(turn: int) -> str:
    return f"notebook-{turn % NOTEBOOKS}.ipynb"


def drain(job: Job) -> float:
    """Fill a spool and drain it; return seconds. The store's client is made before."""
    settings = BookstoreSettings(spool_dir=job.spool_dir, **job.traits)
    store = open_store(settings)
    warm = VersionMetadata(save_id=new_save_id(), saved_at=utc_now())
    with open(__file__, "rb") as file:
        store.put("warm/up", file, size=100, metadata=warm)
    spool, content = Spool(job.spool_dir), _contents(job.saves)
    for turn in range(job.saves):
        spool.add(
            BytesSource(content(turn)),
            key=f"workspace/{_path(turn)}",
            author="bench",
            source_path=_path(turn),
        )
    archiver = Archiver(settings, log=logging.getLogger("bench"), store=lambda: store)
    before = time.perf_counter()
    if not archiver.drain(300):
        raise RuntimeError("the spool could not be drained")
    return time.perf_counter() - before


def put(job: Job) -> float:
    """Put the same notebooks from memory, with as many threads; return seconds."""
    import botocore.session
    from botocore.config import Config

    settings = BookstoreSettings(**job.traits)
    client = botocore.session.get_session().create_client(
        "s3",
        endpoint_url=settings.s3_endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=settings.s3_access_key_id,
        aws_secret_access_key=settings.s3_secret_access_key,
        config=Config(
            s3={"addressing_style": "path"},
            max_pool_connections=settings.max_threads,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )

    content = _contents(job.saves)

    def put_one(turn: int) -> Any:
        key, body = f"bare/{_path(turn)}", content(turn)
        return client.put_object(Bucket=settings.bucket, Key=key, Body=body)

    put_one(0)
    with ThreadPoolExecutor(settings.max_threads) as threads:
        before = time.perf_counter()
        list(threads.map(put_one, range(job.saves)))
        return time.perf_counter() - before


if __name__ == "__main__":
    job = Job(**json.loads(sys.argv[1]))
    print(put(job) if job.bare else drain(job))
