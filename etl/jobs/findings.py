"""How are findings gathered, so that one trouble does not keep the others from being seen?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from etl.errors import EtlError
from etl.report.diagnosis import Diagnosis, Finding, Result


class Findings:
    """What was found until now."""

    def __init__(self) -> None:
        self._found: list[Finding] = []

    def ok(self, check: str, message: str) -> None:
        """Nothing is wrong."""
        self._found.append(Finding(check=check, result=Result.OK, message=message))

    def warn(self, check: str, message: str, next_step: str | None = None) -> None:
        """A run works, but somebody should look at it."""
        self._found.append(Finding(check=check, result=Result.WARNING, message=message, next_step=next_step))

    def problem(self, check: str, error: EtlError) -> None:
        """A run would end like this."""
        step = error.next_step or "mend it, then run doctor again"
        self._found.append(
            Finding(check=check, result=Result.PROBLEM, message=error.message, next_step=step, exit_code=error.exit_code),
        )

    @contextmanager
    def looking_at(self, check: str) -> Iterator[None]:
        """What stops a job in the block becomes a finding."""
        try:
            yield
        except EtlError as error:
            self.problem(check, error)

    def diagnosis(self) -> Diagnosis:
        """All of it."""
        return Diagnosis(findings=tuple(self._found))
