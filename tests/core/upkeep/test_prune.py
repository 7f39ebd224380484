"""Which versions of a store go by rules, and which stay whatever the rules say."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from bookstore_core.history import History
from bookstore_core.moved_notes import note_key, write_note
from bookstore_core.retention.durations import Duration
from bookstore_core.retention.rules import Keep
from bookstore_core.runs.run import Run
from bookstore_core.settings import BookstoreSettings
from bookstore_core.stores import Label, Version, VersionStore
from bookstore_core.stores.local.store import LocalStore
from bookstore_core.upkeep.prune import Pruner
from core.saving import MakeStore, all_versions, contents_of, metadata_for, save

NOW = datetime.now(UTC) + timedelta(days=100)
SETTINGS = BookstoreSettings(storage="local")
ONE = Keep(last=1)
A, B = "workspace/a.ipynb", "workspace/b.ipynb"


def pruner(store: VersionStore, keep: Keep = ONE, **values: Any) -> Pruner:
    given = {"min_age": Duration(), "now": NOW, "zone": UTC, **values}
    return Pruner(store, SETTINGS, keep, **given)


def prune(store: VersionStore, keep: Keep = ONE, **values: Any) -> int:
    """Prune everything; return how many versions are removed."""
    ours = pruner(store, keep, **values)
    removals = [ours.carry_out(p, dry_run=False) for p in ours.plans()]
    return sum(len(removal.removed) for removal in removals)


def save_days(store: VersionStore, days: int, key: str = A) -> list[Version]:
    return [
        save(store, b"%d" % day, key=key, saved_at=NOW - timedelta(days=days - day))
        for day in range(days)
    ]


def left(store: VersionStore, key: str = A) -> list[str]:
    return [version.version_id for version in all_versions(store, key)][::-1]


def test_the_rules_look_at_when_versions_were_saved(
    local_store: VersionStore,
) -> None:
    saved = save_days(local_store, 20)
    assert prune(local_store, Keep(weekly=2, last=3)) == 16
    kept = set(left(local_store))
    assert {version.version_id for version in saved[-3:]} < kept
    assert len(kept) == 4
    assert prune(local_store, Keep(weekly=2, last=3)) == 0


def test_a_dry_run_says_the_same_and_removes_nothing(local_store: VersionStore) -> None:
    save_days(local_store, 5)
    ours = pruner(local_store)
    [plan] = ours.plans()
    planned = ours.carry_out(plan, dry_run=True)
    assert len(left(local_store)) == 5
    assert ours.carry_out(plan, dry_run=False) == planned


def test_labelled_versions_stay(local_store: VersionStore) -> None:
    saved = save_days(local_store, 4)
    local_store.set_label(A, saved[1].version_id, Label("sent"))
    assert prune(local_store) == 2
    assert left(local_store) == [saved[1].version_id, saved[3].version_id]


def test_what_is_restored_after_the_plan_was_made_stays(
    local_store: VersionStore,
) -> None:
    now = datetime.now(UTC)
    days = [timedelta(days=day) for day in (3, 2, 1)]
    saved = [save(local_store, key=A, saved_at=now - day) for day in days]
    ours = pruner(local_store, now=datetime.now(UTC))
    [plan] = ours.plans()
    assert len(plan.going) == 2
    restored = saved[0].version_id
    save(local_store, key=A, saved_at=now, restored_from=restored)
    assert ours.carry_out(plan, dry_run=False).removed == (saved[1].version_id,)
    assert restored in left(local_store)


def test_a_label_given_after_the_plan_was_made_counts(
    local_store: VersionStore,
) -> None:
    saved = save_days(local_store, 3)
    ours = pruner(local_store)
    [plan] = ours.plans()
    local_store.set_label(A, saved[0].version_id, Label("sent"))
    ours.carry_out(plan, dry_run=False)
    assert left(local_store) == [saved[0].version_id, saved[2].version_id]


def test_the_version_that_a_kept_run_ran_stays(local_store: VersionStore) -> None:
    saved = save_days(local_store, 4)
    run = Run(A, saved[1].version_id, NOW, 1.0)
    save(local_store, key="workspace/runs/a.ipynb", run=run)
    assert prune(local_store) == 2
    assert left(local_store) == [saved[1].version_id, saved[3].version_id]


def test_paths_of_a_person_in_a_service_are_below_their_folder(
    local_store: VersionStore,
) -> None:
    mine, copy = "workspace/ann/a.ipynb", "workspace/ann/copy.ipynb"
    first = save_days(local_store, 3, mine)[0]
    save(
        local_store,
        key=copy,
        saved_at=NOW,
        source_path="copy.ipynb",
        restored_from=first.version_id,
        restored_path="a.ipynb",
    )
    assert prune(local_store) == 1
    assert first.version_id in left(local_store, mine)


def test_what_kept_versions_were_restored_from_stays_also_elsewhere(
    local_store: VersionStore,
) -> None:
    first, second, *_ = saved = save_days(local_store, 5)
    other = save_days(local_store, 3, B)
    save(local_store, key=B, saved_at=NOW, restored_from=other[1].version_id)
    save(
        local_store,
        key=B,
        saved_at=NOW,
        restored_from=second.version_id,
        restored_path="a.ipynb",
    )
    assert first.metadata
    save(local_store, key=A, saved_at=NOW, restored_from=first.metadata.save_id)
    prune(local_store, Keep(last=2))
    assert left(local_store)[:3] == [v.version_id for v in (first, second, saved[4])]
    assert other[1].version_id in left(local_store, B)


def test_what_is_kept_because_it_is_named_names_others(
    local_store: VersionStore,
) -> None:
    first, *_ = save_days(local_store, 2)
    again = save(local_store, saved_at=NOW, key=A, restored_from=first.version_id)
    save(local_store, saved_at=NOW, key=A)
    save(local_store, saved_at=NOW, key=A, restored_from=again.version_id)
    assert prune(local_store) == 2
    assert first.version_id in left(local_store)


def test_renames_are_followed_after_a_prune(local_store: VersionStore) -> None:
    old = save_days(local_store, 4)
    note = write_note("b.ipynb")
    left_at = NOW - timedelta(hours=1)
    metadata = metadata_for(note, saved_at=left_at)
    place = note_key(A)
    local_store.put(place, BytesIO(note), size=len(note), metadata=metadata)
    seam = save(local_store, key=B, moved_from="a.ipynb", saved_at=left_at)
    new = save_days(local_store, 3, B)
    # The path is used again, by another notebook.
    later = [save(local_store, key=A, saved_at=NOW) for _ in range(3)]
    prune(local_store)
    rows = History(local_store, SETTINGS).page("b.ipynb").rows
    assert [row.version.version_id for row in rows] == [
        *(new[2].version_id, seam.version_id, old[3].version_id)
    ]
    assert left(local_store) == [old[3].version_id, later[2].version_id]


def test_young_versions_stay_unless_asked(local_store: VersionStore) -> None:
    save_days(local_store, 3)
    now = datetime.now(UTC)
    young = {"now": now, "min_age": Duration(days=1)}
    assert prune(local_store, **young) == 0  # they were stored just now
    assert prune(local_store, min_age=Duration(days=3)) == 1
    assert prune(local_store) == 1


def test_the_published_shelf_is_not_pruned(local_store: VersionStore) -> None:
    save_days(local_store, 3, "published/a.ipynb")
    assert prune(local_store) == 0
    assert len(left(local_store, "published/a.ipynb")) == 3


def test_the_newest_stored_version_stays_whatever_its_time(
    local_store: VersionStore,
) -> None:
    saved = save_days(local_store, 3)
    late = save(local_store, key=A, saved_at=NOW - timedelta(days=50))
    prune(local_store)
    assert left(local_store) == [saved[2].version_id, late.version_id]


@pytest.mark.parametrize("name", ["@0", "@1", "sent"])
def test_versions_are_found_by_name_after_a_prune(
    local_store: VersionStore, name: str
) -> None:
    saved = save_days(local_store, 9)
    local_store.set_label(A, saved[4].version_id, Label("sent"))
    prune(local_store)
    history = History(local_store, SETTINGS)
    row = history.find("a.ipynb", name)
    assert row.version.version_id == saved[8 if name == "@0" else 4].version_id
    before = history.before(history.find("a.ipynb"))
    assert before is not None
    assert before.version.version_id == saved[4].version_id


def test_a_page_continues_after_a_prune(own_store: VersionStore) -> None:
    store = own_store
    save_days(store, 9)
    history = History(store, SETTINGS)
    page = history.page("a.ipynb", limit=3)
    newest = page.rows[0].version.version_id
    prune(store, Keep(last=1, daily=-1))
    assert history.page("a.ipynb", cursor=page.cursor).rows
    prune(store)
    history.page("a.ipynb", cursor=page.cursor)  # empty, or what is left
    assert [r.version.version_id for r in history.page("a.ipynb").rows] == [newest]


def test_what_others_name_stays_when_one_notebook_is_pruned(
    local_store: VersionStore,
) -> None:
    saved = save_days(local_store, 5)
    run = Run(A, saved[1].version_id, NOW, 1.0)
    save(local_store, key="workspace/runs/a.ipynb", run=run)
    restored = {"restored_from": saved[2].version_id, "restored_path": "a.ipynb"}
    save_days(local_store, 2, B)
    save(local_store, key=B, saved_at=NOW, **restored)
    [(plan, removal)] = pruner(local_store).prune([A], dry_run=False)
    assert (plan.key, len(removal.removed)) == (A, 2)
    assert left(local_store) == [saved[n].version_id for n in (1, 2, 4)]
    assert len(left(local_store, B)) == 3


class Asked(LocalStore):
    """A local store that counts what is asked of its versions."""

    def __init__(self, settings: BookstoreSettings, **values: Any) -> None:
        super().__init__(settings, **values)
        self.heads = Counter[str]()

    def head(self, key: str, *words: Any, **values: Any) -> Version:
        self.heads[key] += 1
        return super().head(key, *words, **values)


def test_what_was_stored_before_the_versions_that_go_is_not_asked(
    tmp_path: Path,
) -> None:
    settings = BookstoreSettings(storage="local", local_root=str(tmp_path))
    moments = [NOW - timedelta(days=day) for day in range(100, 0, -1)]
    store = Asked(settings, now=lambda: moments[0])
    for number in range(90):
        key = f"workspace/{number % 3}.ipynb"
        save(store, key=key, saved_at=moments.pop(0))
    recent = [save(store, key=A, saved_at=moments.pop(0)) for _ in range(9)]
    named = {"restored_from": recent[3].version_id, "restored_path": "a.ipynb"}
    save(store, key="workspace/0.ipynb", saved_at=moments[0], **named)
    [plan] = pruner(store).plans([A])
    assert len(plan.going) == 7
    # What was stored at most a week before the first that goes: clocks may differ.
    assert {key: n for key, n in store.heads.items() if key != A} == {
        "workspace/0.ipynb": 3,
        "workspace/1.ipynb": 3,
        "workspace/2.ipynb": 3,
    }


@pytest.mark.parametrize("by_save", [False, True])
def test_what_is_restored_elsewhere_after_the_plan_was_made_stays(
    own_store: VersionStore, by_save: bool
) -> None:
    days = [timedelta(days=day) for day in (3, 2, 1)]
    now = datetime.now(UTC)
    saved = [save(own_store, key=A, saved_at=now - day) for day in days]
    ours = pruner(own_store, now=now + timedelta(minutes=1))
    [plan] = ours.plans([A])
    assert len(plan.going) == 2
    known = saved[0].metadata
    name = known.save_id if known and by_save else saved[0].version_id
    save(own_store, key=B, restored_from=name, restored_path="a.ipynb")
    assert ours.carry_out(plan, dry_run=False).removed == (saved[1].version_id,)
    assert saved[0].version_id in left(own_store)


def test_of_two_prunes_at_once_the_second_says_what_was_gone(
    own_store: VersionStore,
) -> None:
    saved = save_days(own_store, 6)
    first, second = pruner(own_store), pruner(own_store, Keep(last=2))
    [one], [other] = first.plans([A]), second.plans([A])
    ids = tuple(version.version_id for version in saved)
    assert set(first.carry_out(one, dry_run=False).removed) == set(ids[:5])
    late = second.carry_out(other, dry_run=False)
    assert (late.removed, set(late.gone)) == ((), set(ids[:4]))
    assert left(own_store) == [ids[5]]


@pytest.mark.parametrize("name", ["local", "local_batches", "ministack"])
def test_prunes_at_once_tear_nothing(
    name: str, request: pytest.FixtureRequest, make_store: MakeStore
) -> None:
    own_store = make_store(request.getfixturevalue(name))
    saved = save_days(own_store, 40)
    ours = [pruner(own_store, Keep(last=3)) for _ in range(3)]
    plans = [next(iter(one.plans([A]))) for one in ours]
    with ThreadPoolExecutor(3) as threads:
        begun = [
            threads.submit(one.carry_out, plan, dry_run=False)
            for one, plan in zip(ours, plans, strict=True)
        ]
    removed = {known for one in begun for known in one.result().removed}
    assert removed == {version.version_id for version in saved[:37]}
    assert left(own_store) == [version.version_id for version in saved[37:]]
    assert contents_of(own_store, A) == [b"%d" % day for day in (39, 38, 37)]
