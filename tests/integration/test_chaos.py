"""A short run of the fault suite; `make chaos` is the long one."""

import os
from pathlib import Path

import pytest

from chaos.cases import CASES
from chaos.world import World
from harness.fault_proxy import FaultProxy
from harness.notebook_server import GENERATIONS
from harness.s3_server import S3Server

#: Each case runs on one generation, in turn; the case "kill" runs on both.
TURNS = [
    ("kill", "classic"),
    *((name, GENERATIONS[number % 2]) for number, name in enumerate(CASES)),
]
NEEDS_ROOT = {"disk-full", "disk-full-kill", "read-only"}


@pytest.mark.parametrize(("name", "generation"), sorted(set(TURNS)))
def test_no_acknowledged_save_is_lost_doubled_or_out_of_order(
    name: str, generation: str, tmp_path: Path, s3_server: S3Server
) -> None:
    if name in NEEDS_ROOT and os.geteuid() != 0:
        pytest.skip("only root may mount a small disk; test_spool injects ENOSPC")
    with FaultProxy(s3_server.url) as proxy:
        world = World(tmp_path, s3_server, proxy, generation)  # type: ignore[arg-type]
        outcome = CASES[name](world, 12, 2)
    print(outcome)
    assert outcome.acknowledged
    assert outcome.good, outcome
