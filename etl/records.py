"""The nouns that travel between rooms: what became of a row, and what has to be written. Frozen dataclasses and enums, no logic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Action(StrEnum):
    """What became of a row in one run; the words of ``results.csv``."""

    CREATED = "created"
    UPDATED = "updated"
    ADOPTED = "adopted"
    TRASHED = "trashed"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    DUPLICATE = "duplicate"
    EXCLUDED = "excluded"
    REJECTED = "rejected"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CONFLICT = "conflict"
    NOT_SENT = "not_sent"


NEEDS_A_PERSON = frozenset({Action.REJECTED, Action.FAILED, Action.UNCERTAIN, Action.CONFLICT})
"""The actions whose rows stand in ``failures.csv``."""

WROTE = frozenset({Action.CREATED, Action.UPDATED, Action.ADOPTED, Action.TRASHED})
"""The actions after which the task is known to be as this run wants it."""


class RowClass(StrEnum):
    """What a row of the source is, held against Lightfield; the words of ``verify``. Each row is exactly one."""

    EQUAL = "equal"
    """Its task says what the source says."""
    EDITED = "edited"
    """People changed its task since, in fields that the source did not change: no fault."""
    DIFFERS = "differs"
    """Its task says otherwise than the source, and not because people alone changed it."""
    MISSING = "missing"
    """It has no task, or its task is in the trash or deleted."""
    EXCLUDED = "excluded"
    """By ``source.exclude``."""
    DUPLICATE = "duplicate"
    """The same key and content stand in another row of this input."""
    REJECTED = "rejected"
    """Refused by us as it stands in the source: mapping, look-up, key."""
    FAILED = "failed"
    """The ledger says that its write failed, or may or may not have been executed; or its task could not be read."""


IS_A_TASK = (RowClass.EQUAL, RowClass.EDITED, RowClass.DIFFERS)
"""The classes whose rows are tasks in Lightfield."""

AT_FAULT = (RowClass.DIFFERS, RowClass.MISSING, RowClass.REJECTED, RowClass.FAILED)
"""The classes whose rows need a person; the exit code is then 1."""


class OperationKind(StrEnum):
    """The writes that Lightfield knows."""

    CREATE = "create"
    UPDATE = "update"
    TRASH = "trash"
    RESTORE = "restore"


class EntryState(StrEnum):
    """What the ledger last knew of a row."""

    DONE = "done"
    """It is the task ``task_id``, with the content of the fingerprint."""
    REJECTED = "rejected"
    """Refused by us before sending; it has no task."""
    FAILED = "failed"
    """Refused by the API, or never executed; it has no task."""
    UNCERTAIN = "uncertain"
    """It may or may not be in Lightfield; its intent is still open."""
    TRASHED = "trashed"
    """Its task was moved to the trash by us; a new create has the next generation."""


OTHER_FINGERPRINT = bytes(16)
"""Of no content: the ledger then knows that a task is the row's, and that it says something else."""
VANISHED_FINGERPRINT = bytes([255] * 16)
"""Of no content: the row was no longer in the source, and its task was changed accordingly."""

REPLAYED_OLDER = "replayed_older"
"""Code of a row whose create was answered with an older task that this ledger did not write: a lost ledger, or two imports of one name."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row is not a task: a stable code, the target field or source column, a sentence with value and remedy."""

    code: str
    field: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One write that has to happen.

    Attributes:
        kind: Which call.
        file, row: Where it stands in the input; None for an intent of an earlier run whose row is not in hand.
        source_key, key_digest: The row's identity.
        fingerprint: Of the content that this write leaves behind.
        payload: The request's body as a JSON object; empty for trash and restore.
        idempotency_key: Sent with every attempt (rule 2, docs/rules.md).
        generation: Raised each time the row's task is trashed.
        revision: Acknowledged writes to this generation so far.
        task_id: Of the task to change; None for a create.
        first_sent_at: When this intent was first sent, by the server's clock; None when it is new.
        begun_at: When it was last made durable, by the server's clock; None before.
        seen_before: True when an earlier intent in this ledger used the same idempotency key.
        dropped: Of a create: fields and relationships that such an intent sent, and that the row no longer has.
        content: The row's whole content after this write, in the form of a create's body; None for a create, whose payload it is.
        replaced: What the write puts out, in the form of a create's body: of an update the former values of what it sends, of a trash
            the whole content.
    """

    kind: OperationKind
    source_key: str
    key_digest: bytes
    fingerprint: bytes
    payload: Mapping[str, Any]
    idempotency_key: str
    generation: int = 0
    revision: int = 0
    file: int | None = None
    row: int | None = None
    task_id: str | None = None
    first_sent_at: datetime | None = None
    begun_at: datetime | None = None
    seen_before: bool = False
    dropped: tuple[str, ...] = ()
    content: Mapping[str, Any] | None = None
    replaced: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one operation.

    Attributes:
        action: CREATED, UPDATED, ADOPTED, TRASHED, FAILED, UNCERTAIN, CONFLICT or NOT_SENT.
        attempts: Requests that were sent for it in this run.
        http_status: Of the last answer, None when there was none.
        problem: Why not, for the actions that need a person.
        finished_at: UTC.
        observed: What Lightfield was seen to hold where it differs from what was sent, else None.
    """

    operation: Operation
    action: Action
    attempts: int
    finished_at: datetime
    task_id: str | None = None
    url: str | None = None
    http_status: int | None = None
    problem: Problem | None = None
    observed: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class LoadCourse:
    """How a run's writes went over time, in steps of equal length; each tuple has one figure for each step.

    Attributes:
        began_at: When the first request left; UTC.
        step_seconds: How long a step is.
        requests: Requests that left, retries included.
        written: Rows that became known to be written.
        retries: Requests that repeated an earlier one.
        throttled: Answers that said: too many requests.
        limit_per_second: The write limit as it was last known then; None before an answer told it.
        pace_per_second: What we let ourselves send in the long run: the limit, less what caps, shares and throttling take off.
        latency_p50_ms, latency_p95_ms: Of the answers that came then, to within 5 %; None where none came.
        latency_max_ms: Of the slowest of them.
    """

    began_at: datetime
    step_seconds: int
    requests: tuple[int, ...]
    written: tuple[int, ...]
    retries: tuple[int, ...]
    throttled: tuple[int, ...]
    limit_per_second: tuple[float | None, ...]
    pace_per_second: tuple[float | None, ...]
    latency_p50_ms: tuple[float | None, ...]
    latency_p95_ms: tuple[float | None, ...]
    latency_max_ms: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Totals:
    """The look ahead's figures: how many rows of the input would become what, before anything is sent."""

    rows: int = 0
    by_action: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobState:
    """How an import stood when its watchers were last told of it.

    Attributes:
        failing: Its newest run did not end well, or left rows that need a person.
        since: UTC; when that began.
        stopped_by: Why a run could not go to its end: stable words, such as ``service_down`` or ``guard.max_age``.
        codes: Of the problems of rows that need a person.
        rows: How many such rows there were.
        row_digests: Of those of them that have a key, 8 bytes each; None where they were too many to be kept.
    """

    failing: bool
    since: datetime
    stopped_by: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    rows: int = 0
    row_digests: frozenset[bytes] | None = frozenset()
