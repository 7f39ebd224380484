"""What somebody saves is found by what is in it."""

from pathlib import Path

import pytest

from harness.config_files import extension_lines, settings_lines
from harness.notebook_server import NotebookServer, notebook
from harness.waiting import wait_for

pytestmark = pytest.mark.server


def test_a_save_is_found_when_it_is_uploaded(home: Path, tmp_path: Path) -> None:
    config = extension_lines("bookstore_archiver", "bookstore_web")
    config += settings_lines(
        storage="local",
        local_root=str(tmp_path / "store"),
        catalogue_url=f"sqlite:///{tmp_path}/catalogue.sqlite",
    )
    with NotebookServer("modern", home, config=config) as server:

        def found(q: str) -> list[str]:
            answer = server.request("GET", "api/bookstore/search", params={"q": q})
            return [known["path"] for known in answer.json().get("notebooks", [])]

        server.save("one.ipynb", notebook("play(xylophone)"))
        wait_for(lambda: found("xylophone") == ["one.ipynb"], what="the first save")
        server.save("two.ipynb", notebook("play(marimba)"))
        wait_for(lambda: found("marimba") == ["two.ipynb"], what="the second save")
        server.save("one.ipynb", notebook("play(celesta)"))
        wait_for(lambda: found("celesta") == ["one.ipynb"], what="the third save")
        assert found("xylophone") == []
