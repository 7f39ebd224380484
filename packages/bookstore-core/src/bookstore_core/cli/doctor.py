"""`jupyter bookstore doctor`: check the configuration, the store and the spool."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from traitlets import Bool
from traitlets.config import Config

from bookstore_core.cli.command import Verb
from bookstore_core.errors import BookstoreError, ConfigurationError, SpoolError
from bookstore_core.history import WORKSPACE
from bookstore_core.humanize import say_count
from bookstore_core.jupyter.config_files import (
    LoadedConfig,
    load_config,
    load_settings,
    misspelt_settings,
)
from bookstore_core.jupyter.extensions import check_extensions
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.directory import (
    check_spool_dir,
    count_spool,
    try_spool_dir,
)
from bookstore_core.spool.report import report_spool
from bookstore_core.stores import Finding, open_store
from bookstore_core.upkeep.parts import check_parts
from bookstore_core.upkeep.repair import repair, repair_markers

#: What to do about a problem of the spool, besides what it says itself.
AFTER_CORRECTION = (
    "Correct that, and what else is listed here. 'jupyter bookstore status' shows "
    "whether versions reach the store then."
)

REPAIR = (
    "Also record the renames in long histories of earlier releases, so that old "
    "versions are found quickly. This looks at each of their versions once. Markers of "
    "runs that were pruned are removed."
)

#: How a service knows who asks, by `auth`. It has no notebook server and no spool.
KNOWING = {
    "hub": "JupyterHub says who asks",
    "header": "the proxy before it says who asks",
}

#: What is missing if a prefix is empty.
LACKING = {
    "workspace_prefix": "saves are not archived",
    "published_prefix": "nothing is published",
}


class DoctorApp(Verb):
    """Check the configuration, the store and the extensions; list what to correct."""

    name = "jupyter-bookstore-doctor"
    description = __doc__
    repair = Bool(False, help=REPAIR).tag(config=True)
    flags = {  # noqa: RUF012
        **Verb.flags,
        "repair": ({"DoctorApp": {"repair": True}}, REPAIR),
    }

    def load_config_file(  # type: ignore[override]  # as JupyterApp's own
        self, suppress_errors: bool = True
    ) -> None:
        """Load the config files; report one that cannot be read as a finding."""
        try:
            self.loaded = load_config()
        except ConfigurationError as error:
            self.loaded = LoadedConfig(Config())
            self.unreadable = Finding(
                False, str(error), "Correct the file, or install what it imports."
            )
        self.update_config(self.loaded.config)

    unreadable: Finding | None = None
    loaded: LoadedConfig

    def run(self) -> int:
        findings = list(_each_once(self.examine()))
        self.show([asdict(finding) for finding in findings], _lines(findings))
        return 0 if all(finding.ok for finding in findings) else 1

    def examine(self) -> Iterator[Finding]:
        """Yield the findings, in the order in which to correct them."""
        yield from self._check_files()
        for sentence in misspelt_settings(self.config):
            yield Finding(False, sentence, "Correct its name in the config file.")
        try:
            settings = load_settings(self.config)
        except ConfigurationError as error:
            yield Finding(False, str(error), "Correct the value.")
            return
        for sentence in settings.wrong.values():
            yield Finding(False, sentence, "Correct the value.")
        is_service = settings.auth in KNOWING
        if is_service:
            yield Finding(True, f"This is a service: {KNOWING[settings.auth]}.")
        yield from _check_store(settings, repairing=self.repair)
        if not is_service:
            yield from _check_spool(settings)
        yield from _check_directories(settings)
        for _, finding in check_parts(settings, thorough=True):
            yield finding
        if not is_service:
            yield from check_extensions(self.config)

    def _check_files(self) -> Iterator[Finding]:
        if self.unreadable is not None:
            yield self.unreadable
        files = ", ".join(str(path) for path in self.loaded.files)
        yield Finding(True, f"Config files read: {files or 'none'}.")


def _check_store(settings: BookstoreSettings, *, repairing: bool) -> Iterator[Finding]:
    if settings.missing:
        if settings.missing not in settings.wrong.values():
            yield Finding(False, settings.missing, "Set it in a Jupyter config file.")
        return
    try:
        store = open_store(settings)
    except BookstoreError as error:
        yield Finding(False, str(error), "Correct the settings of the store.")
        return
    yield Finding(True, f"Versions go to {store.location}.")
    yield from store.check(thorough=True).findings
    if repairing and WORKSPACE.prefix(settings):
        yield repair(store, settings)
        yield repair_markers(store)


def _check_directories(settings: BookstoreSettings) -> Iterator[Finding]:
    for name, lacks in LACKING.items():
        if name not in settings.wrong and not getattr(settings, name).strip("/"):
            yield Finding(
                False,
                f"BookstoreSettings.{name} is empty: {lacks}.",
                "Set it, to keep people's work apart from published notebooks.",
            )
    shelves = (settings.workspace_prefix, settings.published_prefix)
    workspace, published = (f"{shelf.strip('/')}/" for shelf in shelves)
    if published != "/" and workspace.startswith(published):
        yield Finding(
            False,
            "BookstoreSettings.workspace_prefix is within published_prefix: what "
            "people save is published.",
            "Set prefixes of which the first is not within the second.",
        )
    basedir = settings.fs_cloning_basedir
    if basedir and not Path(basedir).is_dir():
        yield Finding(
            False,
            f"BookstoreSettings.fs_cloning_basedir {basedir} is not a directory.",
            "Create or mount it, or correct the setting.",
        )


def _check_spool(settings: BookstoreSettings) -> Iterator[Finding]:
    try:
        check_spool_dir(settings.spool_dir)
        try_spool_dir(settings.spool_dir)
        counts = count_spool(settings.spool_dir)
    except SpoolError as error:
        yield Finding(
            False,
            str(error),
            "Give the user access to it, make room, or set spool_dir.",
        )
        return
    saves = say_count(counts.waiting, "save")
    sentence = f"The spool {settings.spool_dir} contains {saves}."
    yield Finding(True, sentence)
    for problem in report_spool(settings).problems:
        yield Finding(False, problem, AFTER_CORRECTION)


def _each_once(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Yield the findings, but no sentence twice: the spool may repeat the store's."""
    seen: set[str] = set()
    for finding in findings:
        if finding.sentence not in seen:
            yield finding
        seen.add(finding.sentence)


def _lines(findings: list[Finding]) -> Iterator[str]:
    for finding in findings:
        yield f"{'ok' if finding.ok else '!!'}  {finding.sentence}"
        if finding.remedy and not finding.ok:
            yield f"      {finding.remedy}"
    bad = sum(not finding.ok for finding in findings)
    yield ""
    problems = "1 problem" if bad == 1 else f"{bad} problems"
    yield f"{problems} to correct." if bad else "All is well."
