"""What does the ledger's history say, in one object: the keys of ``runs --json``?"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, computed_field

UNDER_WAY: Final = "under_way"
"""A run that is at work now: it holds the import's lock."""
NEVER_ENDED: Final = "never_ended"
"""A run whose process died, or lost its machine or its ledger, before it could say how it ended."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PastWorkspace(_Part):
    """A workspace that the ledger knows."""

    label: str
    """For people: a mail domain of its members, or its origin."""
    origin: str
    """Scheme, host and port of the API."""


class HeldBy(_Part):
    """Who works on the import now."""

    holder: str
    """``user@host (pid 12)``."""
    since: datetime
    """UTC."""


class PastRun(_Part):
    """One run."""

    run_id: str
    """Its name, and its folder's."""
    command: str
    """``run``, ``retry``, ``reconcile`` or ``undo``."""
    state: str
    """``status`` of its ``summary.json``; else UNDER_WAY or NEVER_ENDED."""
    exit_code: int | None = None
    """Null without an end."""
    started_at: datetime
    """UTC."""
    finished_at: datetime | None = None
    """UTC; null without an end."""
    counts: dict[str, int] | None = None
    """Rows by action; null where nobody knows, because the run has no end."""
    written: dict[str, int] | None = None
    """Of a run without an end: the writes that it recorded until now, by action."""
    waiting: dict[str, int] = Field(default_factory=dict)
    """Of its rows those that still wait today: ``failed``, ``uncertain``, ``in_doubt`` (begun, and not heard of since)."""

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def duration_seconds(self) -> float | None:
        """From start to end; null without an end."""
        return None if self.finished_at is None else round((self.finished_at - self.started_at).total_seconds(), 3)

    @property
    def rows_waiting(self) -> int:
        """The sum of ``waiting``."""
        return sum(self.waiting.values())


class PastImport(_Part):
    """An import in one workspace, and its runs."""

    name: str
    """The config's ``name``."""
    workspace: PastWorkspace
    held_by: HeldBy | None = None
    """Null where nobody works on it now."""
    runs: tuple[PastRun, ...] = ()
    """The newest first, as many as were asked for."""
    older_runs: int = 0
    """How many more there are."""


class History(_Part):
    """What a ledger knows."""

    ledger: str
    """Where it is, without its password."""
    imports: tuple[PastImport, ...] = ()
    """The one that ran last first."""


class WaitingRow(_Part):
    """A row of a run that still waits, as the ledger holds it."""

    source_key: str
    state: str
    """As in ``PastRun.waiting``."""
    operation: str
    """``create``, ``update``, ``trash`` or ``restore``."""
    task_id: str | None = None
    """Of the task to change; null for a create."""
    error_code: str | None = None
    error_field: str | None = None
    error_message: str | None = None
    http_status: int | None = None
    attempts: int = 0
    """Requests that were sent for it, in all runs."""
    first_sent_at: datetime
    """UTC."""
    values: dict[str, str] = Field(default_factory=dict)
    """What was sent, by target field."""


class OneRun(_Part):
    """One run, with what it was made with."""

    ledger: str
    """Where it is, without its password."""
    name: str
    """The import's."""
    workspace: PastWorkspace
    held_by: HeldBy | None = None
    """Null where nobody works on the import now."""
    run: PastRun
    settings: dict[str, Any] = Field(default_factory=dict)
    """As the run noted them: config and data with their digests, user, host, versions, options."""
    rows: tuple[WaitingRow, ...] = ()
    """The first of those that still wait."""
    failures_csv: str | None = None
    """The run's own ``failures.csv``, where it is still there."""
    rebuilt: str | None = None
    """What ``--failures`` wrote; null where it was not asked for, or nothing waits."""
    next_command: str | None = None
    """What to do about the rows that need a person, a command where there is one; null where there is nothing to do."""


def past_text(past: History | OneRun) -> str:
    """Indented JSON with a line end; ASCII alone, so that no character of a cell can act on a terminal."""
    return json.dumps(past.model_dump(mode="json"), indent=2, ensure_ascii=True) + "\n"
