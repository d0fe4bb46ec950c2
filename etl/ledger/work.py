"""In which transaction, and about which import, does a query ask?"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import Table
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import Insert

from etl.ledger.database import Database


@dataclass(frozen=True, slots=True)
class Work:
    """A transaction under way, and the import that it is about."""

    database: Database
    connection: Connection
    import_id: int

    def by_digest(self, table: Table, columns: Sequence[str], digests: Sequence[bytes]) -> list[tuple[Any, ...]]:
        """The import's rows of these digests, see ``Database.rows_by_digest``."""
        return self.database.rows_by_digest(self.connection, table, columns, self.import_id, digests)

    def frame_by_digest(self, table: Table, columns: Mapping[str, pl.DataType], digests: pl.Series) -> pl.DataFrame:
        """The same as a frame, see ``Database.frame_by_digest``."""
        return self.database.frame_by_digest(self.connection, table, columns, self.import_id, digests)

    def upsert(self, table: Table, update: Collection[str], only_if_null: str | None = None) -> Insert:
        """See ``Database.upsert``."""
        return self.database.upsert(table, update, only_if_null)
