"""Defaults of settings from environment variables."""

import os
from collections.abc import Callable
from typing import Any

from traitlets import default as default_of


def from_environment(
    trait: str, otherwise: Callable[[], str | None] = lambda: None
) -> Any:
    """Return the default of a trait, such as that of `s3_bucket`: JPYNB_S3_BUCKET.

    It is what `otherwise` returns if that variable is not set, or empty.
    """
    variable = f"JPYNB_{trait.upper()}"
    return default_of(trait)(lambda self: os.environ.get(variable) or otherwise())
