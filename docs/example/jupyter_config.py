"""The configuration of the server that `make run` starts, of either generation.

Versions are kept in a directory beside it, or in S3 if JPYNB_S3_BUCKET is set.
"""

import os
from pathlib import Path

here = Path(__file__).resolve().parent

c = get_config()  # noqa: F821

if not os.environ.get("JPYNB_S3_BUCKET"):
    c.BookstoreSettings.storage = "local"
    c.BookstoreSettings.local_root = str(here / "store")
c.BookstoreSettings.spool_dir = str(here / "spool")

# File > Revert to Checkpoint shows versions.
c.ContentsManager.checkpoints_class = "bookstore.BookstoreCheckpoints"

# Options of the notebook server itself, under both of its names.
for app in (c.NotebookApp, c.ServerApp):
    app.answer_yes = True  # Ctrl-C stops it without a question
c.NotebookApp.notebook_dir = str(here / "notebooks")
c.ServerApp.root_dir = str(here / "notebooks")

# Only the tests of bookstore need these two extensions, not this server.
c.ServerApp.jpserver_extensions = {
    "jupyterlab_jupytext": False,
    "jupyter_server_ydoc": False,
}
