"""The client of bookstore's API: versions of notebooks, from kernels and programs.

``BookstoreClient().publish()`` in a notebook publishes that notebook.
"""

from bookstore_client.answers import (
    Copy,
    Difference,
    Hit,
    KeptRun,
    Label,
    Link,
    ListedNotebook,
    Published,
    Restored,
    Run,
    Status,
    Unpublished,
    Version,
    VersionContent,
)
from bookstore_client.nb_client import (
    CurrentNotebookClient,
    KernelInfo,
    LiveNotebookRecord,
    NotebookClient,
    NotebookClientCollection,
    NotebookSession,
    extract_kernel_id,
)
from bookstore_client.store_client import BookstoreClient

__all__ = [
    "BookstoreClient",
    "Copy",
    "CurrentNotebookClient",
    "Difference",
    "Hit",
    "KeptRun",
    "KernelInfo",
    "Label",
    "Link",
    "ListedNotebook",
    "LiveNotebookRecord",
    "NotebookClient",
    "NotebookClientCollection",
    "NotebookSession",
    "Published",
    "Restored",
    "Run",
    "Status",
    "Unpublished",
    "Version",
    "VersionContent",
    "extract_kernel_id",
]
