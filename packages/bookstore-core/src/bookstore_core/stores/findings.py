"""Findings: the results of checks, as sentences with remedies."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """The result of one test in a check: a sentence, and a remedy if it is bad."""

    ok: bool
    sentence: str
    remedy: str = ""


@dataclass(frozen=True)
class StoreCheck:
    """The result of `VersionStore.check`; `retryable` if the failure may pass."""

    findings: tuple[Finding, ...]
    retryable: bool = False

    @property
    def ok(self) -> bool:
        """Whether versions can be written, read and listed."""
        return all(finding.ok for finding in self.findings)

    @property
    def sentences(self) -> list[str]:
        """The findings as sentences, the bad ones with their remedy."""
        return [
            f"{finding.sentence} {finding.remedy}".strip() for finding in self.findings
        ]
