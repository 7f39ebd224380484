"""Saves that reach a store at the same moment, on each kind of store."""

from concurrent.futures import ThreadPoolExecutor

from bookstore_core.stores import VersionStore
from core.saving import contents_of, save


def test_parallel_saves_of_one_key_are_all_kept(shared_store: VersionStore) -> None:
    contents = [b"content %d" % number for number in range(48)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda content: save(shared_store, content), contents))
    assert sorted(contents_of(shared_store)) == sorted(contents)


def test_parallel_saves_of_many_keys_are_all_kept(
    shared_store: VersionStore,
) -> None:
    keys = [f"workspace/{number}.ipynb" for number in range(48)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: save(shared_store, key.encode(), key=key), keys))
    assert {key: contents_of(shared_store, key) for key in keys} == {
        key: [key.encode()] for key in keys
    }
