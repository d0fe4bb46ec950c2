"""How is a ledger's database read and written, whichever kind it is?

What differs between kinds is a subclass, in ``sqlite.py`` and ``postgres.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeAlias

import polars as pl
from sqlalchemy import Row, Table
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import Insert

from etl.errors import EtlError

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
"""A row whose values are reached by name."""

WRITES = "ledger_writes"
"""Execution option: True on the connection of a transaction that will write."""


class Database(ABC):
    """An open database.

    Attributes:
        location: For messages; passwords masked.
        ddl_words: What ``{serial}``, ``{bytes}`` and ``{clustered}`` of a migration are here.
        opened: Set once the ledger is known to be usable: before, trouble means that nothing was written (``LedgerError``), after it
            that a run stopped part-way (``LocalFailureError``).
    """

    ddl_words: Mapping[str, str]

    def __init__(self, engine: Engine, location: str) -> None:
        self._engine = engine
        self.location = location
        self.opened = False

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and writes nothing.

        Raises:
            EtlError: What the database's trouble means, see ``explain``.
        """
        with self._transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is durable when the block ends, or leaves nothing behind when it raises.

        Raises:
            EtlError: What the database's trouble means, see ``explain``.
        """
        with self._transaction(writes=True) as connection:
            yield connection

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                connection.execution_options(**self._execution_options(writes=writes))
                with connection.begin():
                    yield connection
        except DBAPIError as error:
            explained = self.explain(error)
            if explained is None:
                raise
            raise explained from error

    def _execution_options(self, *, writes: bool) -> Mapping[str, Any]:
        return {WRITES: writes}

    def now(self, connection: Connection) -> datetime | None:  # noqa: ARG002  for databases that have one
        """The database's own clock, UTC, by which processes of several hosts agree; None where it has none but theirs."""
        return None

    def keep_others_out(self, connection: Connection) -> None:  # noqa: B027  nothing to do where a transaction that writes is alone
        """Until a transaction that writes ends, no other one passes here: for what looks before it makes something.

        Args:
            connection: Of ``writing``; nothing was read in it yet.
        """

    def ensure_in_place(self) -> None:  # noqa: B027  a server's database cannot be taken away under its connections
        """Is what we write to still what others will find?

        Raises:
            LocalFailureError: It was removed, moved or replaced: what is written now, nobody will ever read.
        """

    @abstractmethod
    def explain(self, error: DBAPIError) -> EtlError | None:
        """What a driver's error means for the user; None when it is a fault of ours."""

    @abstractmethod
    def upsert(self, table: Table, update: Collection[str], only_if_null: str | None = None) -> Insert:
        """An insert that, where the primary key is there already, sets the columns of ``update`` to the new values.

        Args:
            table: With a primary key.
            update: Column names; none: the row that is there stays as it is.
            only_if_null: A column; the row that is there is only updated where it is null.
        """

    @abstractmethod
    def rows_by_digest(
        self, connection: Connection, table: Table, columns: Sequence[str], import_id: int, digests: Sequence[bytes]
    ) -> list[tuple[Any, ...]]:
        """The rows of an import whose ``key_digest`` is among the given, in no order.

        Args:
            connection: Of a transaction.
            table: With the columns ``import_id`` and ``key_digest``.
            columns: Which to read; values come as the driver has them.
            import_id: Whose rows.
            digests: 16 bytes each, any number of them.
        """

    def frame_by_digest(
        self, connection: Connection, table: Table, columns: Mapping[str, pl.DataType], import_id: int, digests: pl.Series
    ) -> pl.DataFrame:
        """The same as a frame, with ``key_digest`` before the columns; for many rows.

        Args:
            connection: Of a transaction.
            table: With the columns ``import_id`` and ``key_digest``.
            columns: Which to read: Binary, String or Int32; an empty Binary may be read as null.
            import_id: Whose rows.
            digests: Binary, 16 bytes each; none twice, no nulls.
        """
        rows = self.rows_by_digest(connection, table, ["key_digest", *columns], import_id, digests.to_list())
        # By columns: a frame made of rows takes twice as long.
        values = list(zip(*rows, strict=True)) or [()] * (len(columns) + 1)
        kinds = {"key_digest": pl.Binary(), **columns}
        return pl.DataFrame([pl.Series(name, cells, dtype=kind) for cells, (name, kind) in zip(values, kinds.items(), strict=True)])

    def close(self) -> None:
        """Gives the connections back."""
        self._engine.dispose()
