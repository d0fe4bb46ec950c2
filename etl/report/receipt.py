"""What was found when the source was held against Lightfield, in one object: the keys of ``receipt.json``."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, computed_field, field_validator, model_validator

from etl.records import AT_FAULT, RowClass
from etl.report.folder import RunFolder
from etl.report.summary import ConfigSummary, VersionSummary, WorkspaceSummary
from etl.report.tally import tally_sentence

NOT_A_SIGNATURE = (
    "A SHA-256 digest shows whether a file is the one that was verified. It is no signature: it does not show who made this receipt, or "
    "that nobody has changed it since."
)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReceiptFile(_Part):
    """One file of the source."""

    path: str
    """As the user named it."""
    sha256: str
    """Hex digest of its bytes."""
    bytes: int
    """Its size."""
    rows: int
    """Its records."""


class ReceiptRun(_Part):
    """One run of the import, as the ledger's history has it."""

    run_id: str
    command: str
    started_at: datetime
    """UTC."""
    finished_at: datetime | None
    """UTC; null where it never ended."""
    status: str | None
    """As in its ``summary.json``; null where it never ended."""
    counts: dict[str, int]
    """Rows by action."""


class Receipt(_Part):
    """Every row of the source, held against Lightfield."""

    run_id: str
    """Of the verify; its folder's name."""
    name: str
    """The import's name."""
    of_run: str | None = None
    """Only the rows that this run wrote last are in it; null: every row of the source."""
    verified_at: datetime
    """UTC, when the last task was looked at."""
    as_of: datetime
    """UTC; what was changed in Lightfield later than this may not be in it."""
    looked_by: Literal["list", "retrieve"]
    """How the tasks were read: by list pages (what differed was retrieved), or one by one."""
    classes: dict[RowClass, int]
    """Rows by what they are; every class is there."""
    rows: int
    """Rows of the source; the sum of ``classes``."""
    tasks_of_other_rows: int | None = None
    """Tasks of this import whose rows are not in this source; null where that was not asked."""
    files: tuple[ReceiptFile, ...]
    """The source, in order."""
    config: ConfigSummary
    workspace: WorkspaceSummary
    first_run_at: datetime | None
    """UTC, when the first run of the import began."""
    last_run_at: datetime | None
    """UTC, when the newest began."""
    runs_total: int
    """How many runs the ledger knows."""
    runs: tuple[ReceiptRun, ...]
    """The newest of them."""
    ledger: str | None
    versions: VersionSummary
    user: str
    """Who verified."""
    host: str
    """Where."""
    note: str = NOT_A_SIGNATURE

    @field_validator("classes")
    @classmethod
    def _every_class(cls, classes: dict[RowClass, int]) -> dict[RowClass, int]:
        return {each: classes.get(each, 0) for each in RowClass}

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if sum(self.classes.values()) != self.rows:
            raise ValueError(f"{self.rows} rows, but their classes add up to {sum(self.classes.values())}")
        if self.of_run is None and sum(file.rows for file in self.files) != self.rows:
            raise ValueError(f"{self.rows} rows, but the files hold {sum(file.rows for file in self.files)}")
        return self

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def sentence(self) -> str:
        """The sum."""
        return tally_sentence(self.classes)

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorated properties
    @property
    def agrees(self) -> bool:
        """No row needs a person."""
        return not any(self.classes[each] for each in AT_FAULT)


def write_receipt(folder: RunFolder, receipt: Receipt) -> None:
    """Writes ``receipt.json`` in one step.

    Raises:
        LocalFailureError: The folder vanished or the disk is full.
    """
    folder.write_atomically(folder.receipt, (receipt.model_dump_json(indent=2) + "\n").encode())
