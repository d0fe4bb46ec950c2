"""What does the ledger say of a row? Apart from ``entries``: whoever has no ledger needs no database for it."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

ENTRY_FRAME: Mapping[str, pl.DataType] = {
    "key_digest": pl.Binary(),
    "state": pl.String(),
    "task_id": pl.String(),
    "fingerprint": pl.Binary(),
    "generation": pl.Int32(),
    "revision": pl.Int32(),
    "has_intent": pl.Boolean(),
}
"""The columns of ``entries``. ``state`` is a ``records.EntryState``; ``task_id`` and ``fingerprint`` may be null; ``has_intent``: the
row has an open intent, to be settled before it gets another operation."""
