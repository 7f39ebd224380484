"""Odd values for tests with hypothesis: what somebody may write into a store or spool.

The values are the same in each run.
"""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from bookstore_core.stores.versions import VersionMetadata

#: Texts that have been wrong somewhere.
KNOWN = [
    *("", " ", "\0", "\n", "\r\nx", "\x1b[2J", "..", "../x", "/", "//", "a//b", "."),
    *("\ud800", "a\udcff", "%FF", "%", "%00", "%ED%A0%80", "=FF", "==", "==!", "==AA"),
    *("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:00", "yesterday", "2026-02-31"),
    *("NaN", "1e999", "-1", "9" * 5000, "x" * 3000, "null", "@0", "<b>&\"'"),
    *("\u202e", "\u2028", "\ufeff", "\u0661\u0662"),
]
TEXTS = st.sampled_from(KNOWN) | st.text(
    st.characters(exclude_categories=()), max_size=20
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=5,
)

TIMES = TEXTS | st.just("2024-05-17T09:30:00+00:00")

#: The names of the fields of metadata.
FIELDS = tuple(VersionMetadata.__dataclass_fields__)


def mostly(**good: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Return members with these values; each may be missing or odd."""
    members = {name: st.just(value) | VALUES for name, value in good.items()}
    return st.fixed_dictionaries({}, optional=members)


def briefly(number: int = 100) -> settings:
    """Try `number` examples, the same ones in each run, however slow they are."""
    return settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
