"""What the verbs say if the local store is not there any more."""

from pathlib import Path

from bookstore_core.stores import Version, VersionStore
from core.cli.conftest import Call, full_disk


def test_a_store_that_is_gone_is_said_to_be_gone(
    call: Call, store: VersionStore, saved: list[Version]
) -> None:
    store_root = Path(store.location).parent
    store_root.rename(store_root.with_name("away"))
    for verb, code in (
        (("versions", "new.ipynb"), 7),
        (("show", "new.ipynb"), 7),
        (("diff", "new.ipynb", "@1", "@0"), 7),
        (("status",), 1),
        (("doctor",), 1),
    ):
        done = call(*verb)
        said = " ".join((done.out + done.err).split())
        assert done.code == code, said
        assert "cannot be read: its directory is missing" in said
        assert "jupyter bookstore init" in said
        assert "All is well" not in said
    assert not store_root.exists()


def test_init_says_if_nothing_can_be_written(
    call: Call, store: VersionStore, saved: list[Version]
) -> None:
    with full_disk():
        done = call("init")
    assert (done.code, done.out) == (1, "")
    assert f"{store.location} cannot be used: File too large. Free space" in done.err


def test_init_makes_the_directory_the_store(
    call: Call, store: VersionStore, saved: list[Version]
) -> None:
    Path(store.location).parent.rename(Path(store.location).parent.with_name("away"))
    done = call("init")
    assert done.code == 0
    assert "not the one that was there before" in done.out
    assert call("status").code == 0
    assert call("versions", "new.ipynb").code == 4
