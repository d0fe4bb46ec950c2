"""Batches, decisions and outcomes, made as the other rooms make them."""

from __future__ import annotations

import csv
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from etl.frames import EXCLUDED, EXTRACT_CODE, EXTRACT_MESSAGE, GIVEN_KEY, ROW, SOURCE_KEY, PreparedBatch, RawBatch, SourceFile
from etl.records import Action, Operation, OperationKind, Outcome, Problem
from etl.report.folder import RunFolder
from etl.report.results import RowReport
from etl.report.summary import Summary, VersionSummary, status_for

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


class Make:
    """Makes the nouns of ``records`` with as little said as a test needs."""

    noon = NOON

    @staticmethod
    def file(columns=("Id", "Title"), *, index=0, path="tasks.csv", delimiter=","):
        return SourceFile(
            index, path, tuple(columns), delimiter, "utf-8", 2, is_failures_file=False, notes=(), size_bytes=10, sha256="0" * 64
        )

    @staticmethod
    def batch(file, rows, cells=None):
        """``cells``: column -> texts; by default each cell names its column and row."""
        numbers = pl.Series(ROW, rows, dtype=pl.UInt32)
        cells = cells or {column: [f"{column} {row}" for row in rows] for column in file.columns}
        raw = pl.DataFrame({ROW: numbers, **{name: pl.Series(texts, dtype=pl.String) for name, texts in cells.items()}}).with_columns(
            pl.lit(value=False).alias(EXCLUDED),
            *(pl.lit(None, pl.String).alias(name) for name in (GIVEN_KEY, EXTRACT_CODE, EXTRACT_MESSAGE)),
        )
        prepared = pl.DataFrame({ROW: numbers, SOURCE_KEY: [f"k{row}" for row in rows]})
        return PreparedBatch(RawBatch(file, raw), prepared, pl.DataFrame())

    @staticmethod
    def decided(rows, actions, *, known=False, code=None, field=None, message=None):
        """``actions``: an Action or None for each row."""
        texts = {"error_code": code, "error_field": field, "error_message": message, "task_id": None, "url": None, "idempotency_key": None}
        return pl.DataFrame(
            {ROW: pl.Series(rows, dtype=pl.UInt32), "action": pl.Series([a and a.value for a in actions], dtype=pl.String)}
        ).with_columns(*(pl.lit(text, pl.String).alias(name) for name, text in texts.items()), pl.lit(known).alias("known_to_ledger"))

    @staticmethod
    def outcome(row, action=Action.CREATED, *, file=0, problem=None, status=None, attempts=1, key=None):
        operation = Operation(OperationKind.CREATE, key or f"k{row}", b"", b"", {}, f"idem-{row}", file=file, row=row)
        task = f"tsk_{row}" if action is Action.CREATED else None
        if problem is None and action in {Action.FAILED, Action.UNCERTAIN, Action.CONFLICT}:
            problem = Problem("refused", "$title", "the title is refused; mend it")
        return Outcome(operation, action, attempts, NOON, task, task and f"https://crm.test/{task}", status, problem)

    @staticmethod
    def summary(exit_code=0, **changes):
        base = {
            "run_id": "20261122T120000Z-abcdef",
            "command": "run",
            "status": status_for(exit_code),
            "exit_code": exit_code,
            "started_at": NOON,
            "finished_at": NOON.replace(minute=5),
            "name": "hubspot-tasks",
            "versions": VersionSummary(lightfield_etl="0.1.0", python="3.11.9", polars="2.1.0", httpx="0.28.1"),
            "user": "ops",
            "host": "night",
        }
        return Summary(**{**base, **changes})


@pytest.fixture(scope="session")
def make():
    return Make


@pytest.fixture
def folder(tmp_path):
    return RunFolder.create(tmp_path / "results", "20261122T120000Z-abcdef")


@pytest.fixture
def scratch(tmp_path):
    path = tmp_path / "scratch"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def report(folder, scratch):
    """Opens a RowReport for some files."""
    with ExitStack() as stack:
        yield lambda *files, **options: stack.enter_context(RowReport(folder, files=files, scratch=scratch, **options))


@pytest.fixture(scope="session")
def read():
    """The lines of a CSV file as Python's own reader sees them."""

    def lines(path: Path, delimiter=","):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.DictReader(stream, delimiter=delimiter))

    return lines
