"""Notebooks with given sources, for searches."""

from typing import Any


def notebook_of(*sources: str, **metadata: Any) -> dict[str, Any]:
    """Return a notebook; sources that begin with # and a space are Markdown."""
    cells = [
        {
            "cell_type": "markdown" if source.startswith("# ") else "code",
            "metadata": {},
            "source": source,
            **({} if source.startswith("# ") else {"outputs": [_output(source)]}),
        }
        for source in sources
    ]
    return {"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": cells}


def _output(source: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": f"printed{len(source)}"}


PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
