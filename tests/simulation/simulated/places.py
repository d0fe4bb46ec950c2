"""Where does a schedule's ledger lie: in a file, or on a PostgreSQL server?

A place knows what a death leaves there, how a copy is kept, and how it is read, by nothing of ours.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Protocol
from unittest.mock import patch
from urllib.parse import quote

from shared_statements import with_shared_statements
from simulated.virtual_time import START

if TYPE_CHECKING:
    from postgres_server import PostgresServer

_HOURS_WRONG = (0, 0, -5, 3)


class Place(Protocol):
    """Where a ledger is, or will be; as text it is what ``--ledger`` takes.

    Attributes:
        on_server: One for all machines, with a clock by which alone the lock goes: whoever died holds it until it has run out. What was
            committed before a death is there, and nothing else.
    """

    on_server: bool

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query finds, in which ``?`` stands for a value; nothing where no ledger was made yet."""

    def left_by(self, number: int, folder: Path, torn_bytes: int) -> Place:
        """A copy of what a disk holds at this moment, but for the last bytes of what was written last."""

    def kept(self, folder: Path) -> Place | None:
        """A copy for later; None where there is nothing."""

    def another(self, folder: Path) -> Place:
        """A new one, with nothing in it."""

    def close(self) -> None:
        """Who reads it has read enough."""


class FilePlace:
    """A file of SQLite, and its WAL."""

    on_server = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader: sqlite3.Connection | None = None

    def __str__(self) -> str:
        return str(self.path)

    def __fspath__(self) -> str:
        return str(self.path)

    def exists(self) -> bool:
        return self.path.exists()

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        if self._reader is None:
            if not self.path.exists():
                return []
            self._reader = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        # Who died while it made the ledger has left an empty file.
        if not self._reader.execute("SELECT 1 FROM sqlite_master WHERE name = 'etl_intent'").fetchone():
            return []
        return self._reader.execute(query, values).fetchall()

    def left_by(self, number: int, folder: Path, torn_bytes: int) -> FilePlace:
        copy = self.another(folder / f"after-{number}")
        if self.exists():
            shutil.copy(self.path, copy.path)
        wal = Path(f"{self.path}-wal")
        if self.exists() and wal.exists():
            held = wal.read_bytes()
            Path(f"{copy.path}-wal").write_bytes(held[: len(held) - torn_bytes])
        return copy

    def kept(self, folder: Path) -> FilePlace | None:
        if not self.exists():
            return None
        copy = self.another(folder)
        for suffix in ("", "-wal"):
            if Path(f"{self.path}{suffix}").exists():
                shutil.copy(f"{self.path}{suffix}", f"{copy.path}{suffix}")
        return copy

    def another(self, folder: Path) -> FilePlace:
        folder.mkdir()
        return FilePlace(folder / self.path.name)

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


class ServerPlace:
    """A schema on a server."""

    on_server = True

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._schema = schemas.new()

    def __str__(self) -> str:
        return f"{self._schemas.server_url}&options=-csearch_path%3D{self._schema}"

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        self._schemas.fetch("SELECT set_config('search_path', %s, false)", self._schema)
        if self._schemas.fetch("SELECT to_regclass('etl_intent')") == [(None,)]:
            return []
        return self._schemas.fetch(query.replace("?", "%s"), *values)

    def left_by(self, number: int, folder: Path, torn_bytes: int) -> ServerPlace:
        """Never asked for: what is not committed is not there."""
        raise NotImplementedError

    def kept(self, folder: Path) -> ServerPlace | None:
        """Row for row; foreign keys, which a copy goes without, were held when they were written."""
        fetch, own = self._schemas.fetch, self._schema
        tables = fetch("SELECT tablename FROM pg_tables WHERE schemaname = %s", own)
        if not tables:
            return None
        copy = ServerPlace(self._schemas)
        for (table,) in tables:
            fetch(f"CREATE TABLE {copy._schema}.{table} (LIKE {own}.{table} INCLUDING ALL)")
            fetch(f"INSERT INTO {copy._schema}.{table} SELECT * FROM {own}.{table}")
        for table, column in fetch(_NUMBERED, copy._schema):
            fetch(f"SELECT setval(pg_get_serial_sequence('{copy._schema}.{table}', '{column}'), max({column})) FROM {copy._schema}.{table}")
        return copy

    def another(self, folder: Path) -> ServerPlace:
        return ServerPlace(self._schemas)

    def close(self) -> None:
        pass


_NUMBERED = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = %s AND is_identity = 'YES'"


class Schemas:
    """Those of a schedule, all made and read through one connection."""

    def __init__(self, server: PostgresServer, connection: Any) -> None:
        self.server_url = _url(server)
        self._connection = connection
        self._made: list[str] = []

    def new(self) -> str:
        """The name of an empty one."""
        self._made.append(f"s_{uuid.uuid4().hex}")
        self.fetch(f"CREATE SCHEMA {self._made[-1]}")
        return self._made[-1]

    def fetch(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What a statement finds or does."""
        cursor = self._connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []

    def drop(self) -> None:
        """All of them."""
        for schema in self._made:
            self.fetch(f"DROP SCHEMA {schema} CASCADE")


@contextmanager
def schemas_on(server: PostgresServer, seed: int) -> Iterator[ServerPlace]:
    """The first of a schedule's schemas; all are gone afterwards. The server's clock is the schedule's, and in some hours off."""
    import psycopg

    from etl.ledger import postgres

    wrong_by = timedelta(hours=Random(f"server clock {seed}").choice(_HOURS_WRONG))

    def now(_database: postgres.PostgresDatabase, _connection: Any) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time()) + wrong_by

    with (
        psycopg.connect(_url(server), autocommit=True) as connection,
        patch.object(postgres.PostgresDatabase, "now", now),
        patch.object(postgres, "create_engine", with_shared_statements),
    ):
        schemas = Schemas(server, connection)
        yield ServerPlace(schemas)
        schemas.drop()


def _url(server: PostgresServer) -> str:
    return f"postgresql://etl@/postgres?host={quote(str(server.folder), safe='')}&port={server.port}"
