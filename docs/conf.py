"""The site of all documents: `make docs` makes it with Sphinx, from this folder.

The documents stay plain Markdown that reads well in a checkout. The source of the site
is the checkout itself, so that links between documents are the same in both. The
references are made from the code, by reference.py.
"""

import shutil
import sys
from pathlib import Path

from sphinx.application import Sphinx

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "docs"))

import reference  # noqa: E402

from bookstore_core import __version__  # noqa: E402

project = "bookstore"
release = __version__
html_title = f"bookstore {release}"
html_theme = "furo"
html_static_path = ["site"]
html_css_files = ["site.css"]
html_show_copyright = False
html_copy_source = False

extensions = ["myst_parser", "sphinx.ext.autodoc"]
root_doc = "README"
include_patterns = ["*.md", "docs/*.md", f"{reference.FOLDER}/*.md"]
exclude_patterns = [".*", "build", "packages", "run", "tests"]

# Links to headings: the anchors are those that GitHub makes.
myst_heading_anchors = 4
myst_links_external_new_tab = False
default_role = "code"
# A block of a language without colours, such as a crontab, is shown without them.
suppress_warnings = ["misc.highlighting_failure"]
# Answers and errors are listed with their members, in the order of the source.
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
# What people type is shown as they type it, also where it is not marked as code.
smartquotes = False

#: The pages of the site, in the order of its menu; other documents are added below.
MENU = {
    "Use": [
        "docs/notebook",
        "docs/commands",
        "docs/scheduling",
        "docs/client",
        "docs/api",
    ],
    "Run": [
        "docs/settings",
        "docs/deploy",
        "docs/migration",
        "docs/performance",
        "SECURITY",
        "CHANGELOG",
    ],
    "References": [f"{reference.FOLDER}/{name}" for name in reference.PAGES],
    "Work on bookstore": ["CONTRIBUTING", "CODE_OF_CONDUCT", "docs/design"],
}
_named = {page for pages in MENU.values() for page in pages}
_found = {f"docs/{path.stem}" for path in (TOP / "docs").glob("*.md")}
MENU["Use"] += sorted(_found - _named)


def _add_menu(app: Sphinx, name: str, source: list[str]) -> None:
    """Add the menu to the front page, where a checkout shows none."""
    if name == root_doc:
        for caption, pages in MENU.items():
            options = f":caption: {caption}\n:hidden:\n"
            source[0] += f"\n```{{toctree}}\n{options}\n" + "\n".join(pages) + "\n```\n"


def _add_index(app: Sphinx, failed: Exception | None) -> None:
    """Let the front page be at the address of the site, too."""
    if failed is None and app.builder.format == "html":
        folder = Path(app.outdir)
        shutil.copyfile(folder / "README.html", folder / "index.html")


def setup(app: Sphinx) -> None:
    """Make the references, then let Sphinx read all documents."""
    reference.write_pages(TOP)
    app.connect("source-read", _add_menu)
    app.connect("build-finished", _add_index)
