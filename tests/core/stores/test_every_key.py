"""All keys of a store are found, whatever is at them."""

from bookstore_core.stores import Label, VersionStore
from core.saving import save


def test_every_key_is_found_once(own_store: VersionStore) -> None:
    store = own_store
    keys = ["workspace/a.ipynb", "workspace/a.ipynb.b", "workspace/ü/%41.ipynb"]
    keys += ["workspace/.bookstore/moved/a.ipynb", "workspace/gone.ipynb"]
    saved = [save(store, key=key) for key in keys for _ in range(3)]
    store.mark_deleted("workspace/gone.ipynb")
    store.set_label(saved[0].key, saved[0].version_id, Label("sent"))
    found = list(store.every_key())
    assert len(set(found)) == len(found)
    assert {key for key in found if "/.bookstore/labels/" not in key} >= set(keys)
