"""The generation of the running notebook server."""

from bookstore_core.jupyter.running_server import is_classic


def test_the_running_app_decides_the_generation() -> None:
    classic = type("NotebookApp", (), {"__module__": "notebook.notebookapp"})
    of_a_hub = type("SingleUserNotebookApp", (classic,), {})
    modern = type("ServerApp", (), {"__module__": "jupyter_server.serverapp"})
    assert is_classic(of_a_hub())
    assert not is_classic(modern())
