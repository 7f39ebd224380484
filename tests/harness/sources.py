"""Notebooks with given sources, for searches."""

from typing import Any


def notebook_of(*sources: str, **metadata: Any) -> dict[str, Any]:
    """Return a notebook; sources that begin with # and a space are Markdown."""
    cells = [
        {
            "cell_type": "markdown" if source.startswith("# ") else "code",
            "metadata": {},
            "source": source,
            **({} if source.startswith("# ") else _code(source)),
        }
        for source in sources
    ]
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": cells}


def _code(source: str) -> dict[str, Any]:
    text = f"printed{len(source)}"
    output = {"output_type": "stream", "name": "stdout", "text": text}
    return {"outputs": [output], "execution_count": None}


PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
