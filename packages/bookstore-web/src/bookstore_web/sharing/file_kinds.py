"""What a file is that is not a notebook, told by its name, before it is cloned."""

import re

from bookstore_core.notebooks import SUFFIX

#: Names that programs look for in a folder and run, or that Jupyter reads.
CONFIGURATION = re.compile(
    r"jupyter_\w*config\.(py|json)|ipython_\w*config\.(py|json)|conftest\.py|"
    r"sitecustomize\.py|usercustomize\.py|setup\.py|makefile|\..+",
    re.IGNORECASE,
)
PROGRAMS = {
    **dict.fromkeys(("py", "pyw", "ipy"), "a Python program"),
    **dict.fromkeys(("sh", "bash", "zsh", "fish"), "a shell script"),
    **dict.fromkeys(("js", "mjs", "ts"), "a JavaScript program"),
    **dict.fromkeys(("r", "jl", "pl", "rb", "lua", "scala", "php"), "a program"),
    **dict.fromkeys(("bat", "cmd", "ps1", "exe", "so", "jar"), "a program"),
    **dict.fromkeys(
        ("htm", "html", "xhtml", "svg"), "a web page, perhaps with scripts"
    ),
    **dict.fromkeys(("pkl", "pickle", "joblib", "pt"), "a pickle, which can run code"),
}


def kind_of(name: str) -> str:
    """Return what a file is, as sentences; empty for a notebook."""
    if name.endswith(SUFFIX):
        return ""
    suffix = name.rpartition(".")[2] if "." in name else ""
    if CONFIGURATION.fullmatch(name):
        what = "a configuration file"
        more = (
            " Programs read such a file and may run it, because it is in their folder. "
            "Clone it only if you trust who wrote it."
        )
    elif what := PROGRAMS.get(suffix.lower(), ""):
        more = " Open or run it only if you trust who wrote it."
    else:
        what = f"a file of the type .{suffix}" if suffix else "a file without a type"
        more = ""
    return f"This is not a notebook but {what}. It is copied as it is.{more}"
