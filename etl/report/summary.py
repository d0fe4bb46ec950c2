"""What happened, in one object: the keys of ``summary.json``."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, computed_field, field_validator

from etl.frames import SourceFile
from etl.records import Action, RowClass
from etl.report.counts import all_counts, no_rows
from etl.report.folder import RunFolder
from etl.report.problems import ProblemExample, ProblemKind


class Status(StrEnum):
    """How a job ended."""

    FINISHED = "finished"
    """Exit 0."""
    FINISHED_WITH_FAILURES = "finished_with_failures"
    """Exit 1."""
    NOTHING_WRITTEN = "nothing_written"
    """Exit 2."""
    STOPPED = "stopped"
    """Exit 3."""
    LOCKED = "locked"
    """Exit 4."""
    INTERRUPTED = "interrupted"
    """Exit 129, 130 or 143."""


_STATUS_BY_EXIT_CODE = {
    0: Status.FINISHED,
    1: Status.FINISHED_WITH_FAILURES,
    2: Status.NOTHING_WRITTEN,
    3: Status.STOPPED,
    4: Status.LOCKED,
}


def status_for(exit_code: int) -> Status:
    """The word that goes with an exit code."""
    return _STATUS_BY_EXIT_CODE.get(exit_code, Status.INTERRUPTED)


class _Part(BaseModel):
    # Deferred: most of it is not needed before the end.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class WorkspaceSummary(_Part):
    """The workspace that the API key opens."""

    members: int | None = None
    """How many members it has; null where the key may not read them."""
    domains: tuple[str, ...] = ()
    """Mail domains of its members, the most frequent first."""
    key_last_four: str
    """The last four characters of the API key."""
    origin: str
    """Scheme, host and port of the API."""


class ConfigSummary(_Part):
    """The config file."""

    path: str
    """As the user named it."""
    sha256: str
    """Hex digest of the file and of what it extends."""


class DataSummary(_Part):
    """One file of the input."""

    path: str
    """As the user named it."""
    sha256: str
    """Hex digest of its bytes."""
    bytes: int
    """Its size."""
    rows: int | None = None
    """Its records; null when it was not read to its end."""
    encoding: str | None = None
    """As decided; null for a columnar format."""
    delimiter: str | None = None
    """As decided; null for a columnar format."""
    notes: tuple[str, ...] = ()
    """What was assumed, a sentence each."""

    @classmethod
    def of(cls, file: SourceFile, *, rows: int | None = None) -> DataSummary:
        """What is known of a source file, with the number of its records."""
        return cls(
            path=file.path,
            sha256=file.sha256,
            bytes=file.size_bytes,
            rows=rows,
            encoding=file.encoding,
            delimiter=file.delimiter,
            notes=file.notes,
        )


class ProblemSummary(_Part):
    """All problems of one code in one field."""

    code: str
    """A stable word such as ``unknown_status``."""
    field: str | None = None
    """The target field or source column; null where it is the whole row."""
    rows: int
    """Rows that have it."""
    examples: tuple[ProblemExample, ...] = ()
    """The first of them: ``row``, ``file``, ``value``, ``message``."""

    @classmethod
    def of(cls, kind: ProblemKind) -> ProblemSummary:
        """The kind without its list of values."""
        return cls(code=kind.code, field=kind.field, rows=kind.rows, examples=kind.examples)


class LoadSummary(_Part):
    """How the writes went."""

    requests: int = 0
    """Requests sent, retries included."""
    retries: int = 0
    """Requests that repeated an earlier one."""
    throttled_429: int = 0
    """Answers that said: too many requests."""
    rows_per_second: float | None = None
    """Rows written, from the first request to the last answer; null when nothing was sent."""
    limit_per_second: float | None = None
    """The write limit as it was last known."""
    share_of_limit: float | None = None
    """Rows written by what the write limit allowed in that time (a full bucket and its refill), 0 to 1; null in short runs."""
    latency_p50_ms: float | None = None
    """Median time of an answer, milliseconds."""
    in_doubt_settled: int = 0
    """Writes of earlier runs without a recorded outcome that this run settled."""


class VersionSummary(_Part):
    """What the run was made with."""

    lightfield_etl: str
    python: str
    polars: str
    httpx: str
    sqlite: str | None = None
    """Of the ledger's library; null with another database."""


class Summary(_Part):
    """One job, from its start to its end."""

    run_id: str
    """The run's name, and its folder's."""
    command: str
    """The command's name, such as ``run``."""
    status: Status
    """``finished``, ``finished_with_failures``, ``nothing_written``, ``stopped``, ``locked`` or ``interrupted``."""
    exit_code: int
    """Of the process."""
    reason: str | None = None
    """A stable word for why it stopped; null when it finished."""
    message: str | None = None
    """What is wrong, in a sentence; null when nothing is."""
    next_command: str | None = None
    """What to do next, a command where there is one."""
    started_at: datetime
    """UTC."""
    finished_at: datetime
    """UTC."""
    name: str
    """The import's name."""
    workspace: WorkspaceSummary | None = None
    """Null when it was not reached."""
    config: ConfigSummary | None = None
    """The config file."""
    data: tuple[DataSummary, ...] = ()
    """The input, in order."""
    counts: dict[Action, int] = Field(default_factory=no_rows)
    """Rows by action; every action is there. Of a check: what a run would do."""
    classes: dict[RowClass, int] | None = None
    """Of a verify that came to its end: rows by what they are, held against Lightfield; null otherwise."""
    problems: tuple[ProblemSummary, ...] = ()
    """Problems by kind, the most frequent first."""
    remarks: tuple[ProblemSummary, ...] = ()
    """What was decided for rows that are none the worse for it, in the form of problems: times that a zone skips, or has twice."""
    load: LoadSummary = LoadSummary()
    """Requests, retries, rates and times of the writes."""
    versions: VersionSummary
    """Of this program and of what it stands on."""
    user: str
    """Who ran it."""
    host: str
    """Where it ran."""
    ledger: str | None = None
    """Where the ledger is, without its password."""
    files: tuple[str, ...] = ()
    """Names of the files in the run's folder."""

    @field_validator("counts")
    @classmethod
    def _every_action(cls, counts: dict[Action, int]) -> dict[Action, int]:
        return all_counts(counts)

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def duration_seconds(self) -> float:
        """From start to end."""
        return round((self.finished_at - self.started_at).total_seconds(), 3)

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def rows(self) -> int:
        """Rows of the input that have an action: the sum of ``counts``."""
        return sum(self.counts.values())

    def to_dict(self) -> dict[str, object]:
        """As in ``summary.json``: texts, numbers, lists and mappings alone."""
        return self.model_dump(mode="json")


def summary_text(summary: Summary) -> str:
    """The summary as indented JSON with a line end."""
    return summary.model_dump_json(indent=2) + "\n"


def write_summary(folder: RunFolder, summary: Summary) -> None:
    """Writes ``summary.json`` in one step; an older one is replaced.

    Raises:
        LocalFailureError: The folder vanished or the disk is full.
    """
    folder.write_atomically(folder.summary, summary_text(summary).encode())
