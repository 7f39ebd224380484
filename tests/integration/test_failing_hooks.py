"""A save that writes the file and fails afterwards is archived, and still fails."""

from pathlib import Path

import pytest

from harness.config_files import extension_lines, settings_lines
from harness.notebook_server import Generation, NotebookServer, notebook
from harness.s3_server import S3Server
from harness.versions import Versions

pytestmark = pytest.mark.server

#: What fails in Jupyter's own `save` after the file was written.
HOOKS = {
    "post-save hook": """
def fail(**members):
    raise RuntimeError("the hook fails")

c.FileContentsManager.post_save_hook = fail
""",
    "checkpoint": """
def fail(self, manager, path):
    raise RuntimeError("the disk of the checkpoints is full")

try:
    from jupyter_server.services.contents import filecheckpoints as modern
    modern.AsyncFileCheckpoints.create_checkpoint = fail
    modern.FileCheckpoints.create_checkpoint = fail
    from notebook.services.contents import filecheckpoints as classic
    classic.FileCheckpoints.create_checkpoint = fail
except ImportError:
    pass
""",
}


@pytest.mark.parametrize("hook", HOOKS)
def test_save_that_fails_after_it_wrote_is_a_version(
    hook: str,
    generation: Generation,
    home: Path,
    s3_server: S3Server,
    bucket: str,
) -> None:
    config = settings_lines(**s3_server.settings(bucket))
    config += extension_lines("bookstore_archiver") + HOOKS[hook]
    with NotebookServer(generation, home, config=config) as server:
        for text in ("1", "2"):
            model = {"type": "notebook", "format": "json", "content": notebook(text)}
            answer = server.request("PUT", "api/contents/note.ipynb", json=model)
            assert answer.status_code == 500
        assert Versions(s3_server, bucket).wait(2) == ["1", "2"]
