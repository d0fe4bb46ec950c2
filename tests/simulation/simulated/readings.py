"""What do the files of a run say, the ledger above all, read by nothing of ours?"""

from __future__ import annotations

import csv
from pathlib import Path

from simulated.places import Place
from simulated.virtual_time import START


def row_numbers(path: Path) -> list[int]:
    """The line of each record, counting records and not lines; the header is row 1."""
    with path.open(newline="", encoding="utf-8") as stream:
        return [number for number, _ in enumerate(csv.DictReader(stream), 2)]


def entries_of(ledger: Place) -> dict[str, tuple[str, str | None]]:
    return {key: (state, task_id) for key, state, task_id in ledger.rows("SELECT source_key, state, task_id FROM etl_entry")}


def open_intents_of(ledger: Place) -> dict[str, tuple[float, float, float | None]]:
    """Source key to when it was first sent, last begun and last heard of: seconds of the schedule."""
    rows = ledger.rows("SELECT source_key, first_sent_at, begun_at, finished_at FROM etl_intent WHERE state = 'open'")
    return {
        key: (_seconds(first), _seconds(begun), None if finished is None else _seconds(finished)) for key, first, begun, finished in rows
    }


def waiting_in(ledger: Place) -> dict[str, str]:
    """What earlier runs left: idempotency key to source key."""
    return dict(ledger.rows("SELECT idempotency_key, source_key FROM etl_intent"))


def is_intended(ledger: Place, idempotency_key: str) -> bool:
    """Whether another reader of the ledger sees the intent of a request."""
    return bool(ledger.rows("SELECT 1 FROM etl_intent WHERE idempotency_key = ?", idempotency_key))


def _seconds(microseconds: int) -> float:
    return microseconds / 1e6 - START.timestamp()
