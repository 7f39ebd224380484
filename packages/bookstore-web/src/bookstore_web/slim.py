"""Imports that the processes of the web app do without.

They are ours alone: what other libraries of the environment need is not left out.
"""

import sys
from typing import Any

#: jsonschema imports these where they are installed, for formats of texts that nbformat
#: does not check. The first compiles a grammar, which takes a second and 15 MB.
NOT_NEEDED = ("rfc3987_syntax", "isoduration")


def leave_out() -> None:
    """Let later imports of these modules fail, as if they were not installed."""
    modules: dict[str, Any] = sys.modules
    for name in NOT_NEEDED:
        modules.setdefault(name, None)
