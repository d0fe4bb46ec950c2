"""What do the files of a run say, the ledger above all, read by nothing of ours?"""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

from simulated.virtual_time import START


def row_numbers(path: Path) -> list[int]:
    """The line of each record, counting records and not lines; the header is row 1."""
    with path.open(newline="", encoding="utf-8") as stream:
        return [number for number, _ in enumerate(csv.DictReader(stream), 2)]


def entries_of(ledger: Path) -> dict[str, tuple[str, str | None]]:
    with closing(sqlite3.connect(ledger)) as connection:
        return {key: (state, task_id) for key, state, task_id in connection.execute("SELECT source_key, state, task_id FROM etl_entry")}


def open_intents_of(ledger: Path) -> dict[str, tuple[float, float, float | None]]:
    """Source key to when it was first sent, last begun and last heard of: seconds of the schedule."""
    with closing(sqlite3.connect(ledger)) as connection:
        rows = connection.execute("SELECT source_key, first_sent_at, begun_at, finished_at FROM etl_intent WHERE state = 'open'")
        return {
            key: (_seconds(first), _seconds(begun), None if finished is None else _seconds(finished))
            for key, first, begun, finished in rows
        }


def waiting_in(ledger: Path) -> dict[str, str]:
    """What earlier runs left: idempotency key to source key."""
    if not ledger.exists():
        return {}
    with closing(sqlite3.connect(ledger)) as connection:
        # Who died while it made the ledger has left an empty file.
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'etl_intent'").fetchone():
            return {}
        return dict(connection.execute("SELECT idempotency_key, source_key FROM etl_intent").fetchall())


def _seconds(microseconds: int) -> float:
    return microseconds / 1e6 - START.timestamp()
