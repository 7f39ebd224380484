"""Notebooks for the tests of differences: cells with a source, with or without id."""

import json
from typing import Any


def cell(
    source: str | list[str],
    name: str = "",
    *,
    outputs: list[Any] | None = None,
    count: int | None = None,
    **others: Any,
) -> dict[str, Any]:
    value = {
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": outputs or [],
        "execution_count": count,
    }
    return value | ({"id": name} if name else {}) | others


def written(*cells: Any, **metadata: Any) -> bytes:
    """Return a notebook of these cells as the bytes of a file."""
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": metadata,
        "cells": list(cells),
    }
    return json.dumps(notebook).encode()


def image(data: str) -> dict[str, Any]:
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {"image/png": data, "text/plain": "<Figure>"},
    }
