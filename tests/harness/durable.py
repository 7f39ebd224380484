"""What code makes durable: what it syncs, in order with its renames."""

import os
from pathlib import Path
from typing import Any

import pytest


def record_steps(monkeypatch: pytest.MonkeyPatch, top: Path) -> list[str]:
    """Return a list that grows with each sync and each rename below a folder.

    A file is named with its size at that time: what is written later is not durable.
    """
    steps: list[str] = []
    replace, link = os.replace, os.link

    def named(path: Any, folder: int | None = None) -> str:
        start = "." if folder is None else os.readlink(f"/proc/self/fd/{folder}")
        return str(Path(start, path).relative_to(top))

    def fsync(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        size = "" if path.is_dir() else f" {path.stat().st_size}"
        steps.append(f"sync {path.relative_to(top)}{size}")

    def rename(source: Any, target: Any, **options: Any) -> None:
        replace(source, target, **options)
        before = named(source, options.get("src_dir_fd"))
        steps.append(f"move {before} {named(target, options.get('dst_dir_fd'))}")

    def hard_link(source: Any, target: Any, **options: Any) -> None:
        link(source, target, **options)
        steps.append(f"link {named(target, options.get('dst_dir_fd'))}")

    monkeypatch.setattr(os, "fsync", fsync)
    for name in ("rename", "replace"):
        monkeypatch.setattr(os, name, rename)
    monkeypatch.setattr(os, "link", hard_link)
    return steps
