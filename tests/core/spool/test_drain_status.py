"""The status of a spool is replaced as a whole, whatever is at its draft's place."""

from pathlib import Path

import pytest

from bookstore_core.spool.drain_status import STATUS, DrainStatus, read_status


@pytest.mark.parametrize("left", ["", "a file", "a link"])
def test_what_a_killed_process_left_is_replaced(tmp_path: Path, left: str) -> None:
    draft, other = tmp_path / f"{STATUS}.7", tmp_path / "other"
    other.write_text("mine")
    if left == "a file":
        draft.write_text("half")
    elif left == "a link":
        draft.symlink_to(other)
    status = DrainStatus(pid=7, uploads=3, last_error="ü", refused=True)
    status.write(str(tmp_path))
    assert read_status(str(tmp_path)) == status
    assert other.read_text() == "mine"
    assert not draft.exists()
    assert (tmp_path / STATUS).stat().st_mode & 0o777 == 0o600
