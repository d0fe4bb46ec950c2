"""What did the doctor find, and what is to be done about it?"""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, computed_field

from etl.report.voice import Level, Voice


class Result(StrEnum):
    """How one thing is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


_LEVELS: dict[Result, Level] = {Result.OK: "info", Result.WARNING: "warning", Result.PROBLEM: "error"}


class Finding(BaseModel):
    """One thing that was looked at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    check: str
    """What was looked at: ``config``, ``key``, ``scopes``, ``clock`` …"""
    result: Result
    """``ok``, ``warning`` (a run works, but look at it) or ``problem`` (a run would not work)."""
    message: str
    """What was found, in a sentence."""
    next_step: str | None = None
    """What to do; null where there is nothing."""
    exit_code: int = 0
    """With which a run would end; 0 unless it is a problem."""


class Diagnosis(BaseModel):
    """All findings, in the order in which they were made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    findings: tuple[Finding, ...]

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def exit_code(self) -> int:
        """Of the first problem, 0 where there is none."""
        return next((finding.exit_code for finding in self.findings if finding.result is Result.PROBLEM), 0)

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def next_command(self) -> str | None:
        """What to do first; null where nothing has to be done."""
        return next((finding.next_step for finding in self.findings if finding.result is Result.PROBLEM), None)


def diagnosis_text(diagnosis: Diagnosis) -> str:
    """As indented JSON with a line end."""
    return diagnosis.model_dump_json(indent=2) + "\n"


def show_diagnosis(voice: Voice, diagnosis: Diagnosis) -> None:
    """Each finding, then what to do first."""
    for finding in diagnosis.findings:
        fields = {"check": finding.check, "result": finding.result.value, "next_step": finding.next_step}
        voice.say(_LEVELS[finding.result], "finding", _line(finding), **fields)
    if diagnosis.next_command is not None:
        voice.next_step(diagnosis.next_command)


def _line(finding: Finding) -> str:
    # The other levels say theirs themselves.
    mark = "ok: " if finding.result is Result.OK else ""
    todo = f"\n  {finding.next_step}" if finding.next_step else ""
    return f"{mark}{finding.check}: {finding.message}{todo}"
