"""Typical notebooks: text, code, streams, tables and images."""

import json
from random import Random
from typing import Any

#: A placeholder in a request's body for the number of the save.
NUMBER = b"@@save@@"

LINE = "frame = frame.groupby('station').agg(level=('level', 'mean'))\n"
PROSE = "The *level* falls from spring on; see the table below, and [1] for sources.\n"
PICTURE = 30_000  # characters of base64, a small plot


def save_body(size: int) -> bytes:
    """Return the body of a PUT that saves a notebook of about `size` bytes."""
    model = {"type": "notebook", "format": "json", "content": _notebook(size)}
    return json.dumps(model).encode()


def numbered(body: bytes, number: int) -> bytes:
    """Return the body with a number of the same length, so that each save differs."""
    return body.replace(NUMBER, b"%08d" % number)


def _notebook(size: int) -> dict[str, Any]:
    dice = Random(size)  # noqa: S311  # the same notebook in each run
    cells = [_markdown(f"# Save {NUMBER.decode()}\n", 0)]
    length = 0
    while length < size:
        number = len(cells)
        cell = _code(dice, number, min(size - length, PICTURE))
        cells += [_markdown(PROSE, number), cell]
        length += len(json.dumps(cell, indent=1)) + len(PROSE)
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "cells": cells,
    }


def _markdown(source: str, number: int) -> dict[str, Any]:
    return {
        "cell_type": "markdown",
        "id": f"text-{number}",
        "metadata": {},
        "source": source,
    }


def _code(dice: Random, number: int, room: int) -> dict[str, Any]:
    outputs = [_stream(dice)]
    if room >= PICTURE and number % 3 == 1:
        outputs.append(_picture(dice))
    else:
        outputs.append(_result(dice, number))
    return {
        "cell_type": "code",
        "id": f"code-{number}",
        "metadata": {"collapsed": False},
        "source": LINE * dice.randint(1, 6),
        "outputs": outputs,
        "execution_count": number,
    }


def _stream(dice: Random) -> dict[str, Any]:
    lines = [f"step {step}: loss {dice.random():.6f}\n" for step in range(10)]
    return {"output_type": "stream", "name": "stdout", "text": "".join(lines)}


def _result(dice: Random, number: int) -> dict[str, Any]:
    rows = [f"<tr><td>{i}</td><td>{dice.random()}</td></tr>\n" for i in range(10)]
    data = {"text/html": f"<table>{''.join(rows)}</table>", "text/plain": "a table"}
    return {
        "output_type": "execute_result",
        "data": data,
        "metadata": {},
        "execution_count": number,
    }


def _picture(dice: Random) -> dict[str, Any]:
    png = dice.randbytes(PICTURE * 3 // 8).hex() + "\n"
    return {"output_type": "display_data", "data": {"image/png": png}, "metadata": {}}
