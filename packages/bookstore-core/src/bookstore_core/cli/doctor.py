"""`jupyter bookstore doctor` and `init`: find out what is wrong, and set up a store."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from traitlets.config import Config

from bookstore_core.cli.command import Verb
from bookstore_core.errors import BookstoreError, ConfigurationError, SpoolError
from bookstore_core.jupyter.config_files import (
    LoadedConfig,
    load_config,
    load_settings,
    misspelt_settings,
)
from bookstore_core.jupyter.extensions import check_extensions
from bookstore_core.settings import BookstoreSettings
from bookstore_core.spool.directory import check_spool_dir, count_spool
from bookstore_core.stores import Finding, open_store


class DoctorApp(Verb):
    """Check the configuration, the store and the extensions, and say what to do."""

    name = "jupyter-bookstore-doctor"
    description = __doc__

    def load_config_file(  # type: ignore[override]  # as JupyterApp's own
        self, suppress_errors: bool = True
    ) -> None:
        """Load the config files; one that cannot be read is a finding, not the end."""
        try:
            self.loaded = load_config()
        except ConfigurationError as error:
            self.loaded = LoadedConfig(Config())
            self.unreadable = Finding(
                False, str(error), "Mend the file, or install here what it imports."
            )
        self.update_config(self.loaded.config)

    unreadable: Finding | None = None
    loaded: LoadedConfig

    def run(self) -> int:
        findings = list(self.examine())
        self.show([asdict(finding) for finding in findings], _lines(findings))
        return 0 if all(finding.ok for finding in findings) else 1

    def examine(self) -> Iterator[Finding]:
        """Yield the findings, in the order in which one would mend them."""
        yield from self._check_files()
        for sentence in misspelt_settings(self.config):
            yield Finding(False, sentence, "Correct its name in the config file.")
        try:
            settings = load_settings(self.config)
        except ConfigurationError as error:
            yield Finding(False, str(error), "Correct the value.")
            return
        yield from _check_store(settings)
        yield from _check_spool(settings)
        yield from _check_directories(settings)
        yield from check_extensions(self.config)

    def _check_files(self) -> Iterator[Finding]:
        if self.unreadable is not None:
            yield self.unreadable
        files = ", ".join(str(path) for path in self.loaded.files)
        yield Finding(True, f"Config files read: {files or 'none'}.")


def _check_store(settings: BookstoreSettings) -> Iterator[Finding]:
    if settings.missing:
        yield Finding(
            False,
            "No store is configured.",
            "Set c.BookstoreSettings.s3_bucket in a Jupyter config file (or "
            "JPYNB_S3_BUCKET), or c.BookstoreSettings.storage = 'local'.",
        )
        return
    try:
        store = open_store(settings)
    except BookstoreError as error:
        yield Finding(False, str(error))
        return
    yield Finding(True, f"Versions go to {store.location}.")
    yield from store.check().findings


def _check_directories(settings: BookstoreSettings) -> Iterator[Finding]:
    for name in ("workspace_prefix", "published_prefix"):
        if not getattr(settings, name).strip("/"):
            yield Finding(
                False,
                f"BookstoreSettings.{name} is empty.",
                "Set it, so that people's work and what is published stay apart.",
            )
    basedir = settings.fs_cloning_basedir
    if basedir and not Path(basedir).is_dir():
        yield Finding(
            False,
            f"BookstoreSettings.fs_cloning_basedir {basedir} is no directory.",
            "Make or mount it, or correct the setting.",
        )


def _check_spool(settings: BookstoreSettings) -> Iterator[Finding]:
    try:
        check_spool_dir(settings.spool_dir)
        counts = count_spool(settings.spool_dir)
    except SpoolError as error:
        yield Finding(
            False, str(error), "Give the user that directory, or set spool_dir."
        )
        return
    yield Finding(True, f"The spool {settings.spool_dir} holds {counts.waiting} saves.")
    if counts.failed:
        yield Finding(
            False,
            f"{counts.failed} files in {settings.spool_dir}/failed are no saves.",
            "Each has a NAME.reason beside it. Remove them when you have looked.",
        )


def _lines(findings: list[Finding]) -> Iterator[str]:
    for finding in findings:
        yield f"{'ok' if finding.ok else '!!'}  {finding.sentence}"
        if finding.remedy and not finding.ok:
            yield f"      {finding.remedy}"
    bad = sum(not finding.ok for finding in findings)
    yield ""
    yield "All is well." if not bad else f"{bad} to mend." if bad > 1 else "1 to mend."
