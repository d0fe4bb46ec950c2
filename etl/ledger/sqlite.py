"""What is particular to SQLite?

WAL, because a commit is then one fsync and a reader (``runs``, ``check``) does not hold up a run; it needs shared memory, which network
file systems lack, so where SQLite declines it, the rollback journal serves, with the folder synced too. After a crash the ledger is
``FILE`` and ``FILE-wal`` together. ``synchronous=FULL`` makes a commit durable through a power cut; WAL's own default does not.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
from sqlalchemy import Table, create_engine, event
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool
from sqlalchemy.sql.dml import Insert

from etl.errors import EtlError, LedgerError, LocalFailureError
from etl.ledger.bulk import frame_by_digest
from etl.ledger.database import WRITES, Database

BUSY_SECONDS = 30.0
"""How long a transaction waits for another process's."""

_PAGE_BYTES = 8192
# Looking up a million known digests in batches of 50,000: 5.9 s with pages of 4096 bytes, 4.7 s with 8192; IN lists of 1,000 against
# 13 s by a join with a temporary table.
_IN_LIST = 1000
_WAL_TRIES = 10
_QUICK_CHECK_BYTES = 32 * 1024 * 1024

_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_OTHER_TABLES = re.compile("no such (table|column)|has no column named|already exists|malformed")
_UNWRITABLE = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH})


class SqliteDatabase(Database):
    """A ledger in a file, or in memory."""

    ddl_words: Mapping[str, str] = {"serial": "INTEGER PRIMARY KEY", "bytes": "BLOB", "clustered": "WITHOUT ROWID"}

    def __init__(self, engine: Engine, path: Path | None, location: str) -> None:
        super().__init__(engine, location)
        self._path = path
        self._identity = None if path is None else _identity(path)

    def ensure_in_place(self) -> None:
        """Is the open file still the one that lies at its path? SQLite itself writes on into a file that was removed, and says nothing."""
        if self._path is not None and _identity(self._path) != self._identity:
            raise LocalFailureError(
                f"the ledger {self.location} was removed, moved or replaced during this run: what it notes would be lost; nothing more "
                "was sent",
                next_step="put the file back if you have it, or rebuild it: lightfield-etl reconcile CONFIG, then run the same command "
                "again",
            )

    def explain(self, error: DBAPIError) -> EtlError | None:
        """What SQLite's error code means; None for constraints and syntax, which are faults of ours."""
        code = getattr(error.orig, "sqlite_errorcode", None)
        if code is None:
            return None
        # The low byte is the primary code; the rest says more of it.
        sentence, next_step = _meaning(code & 0xFF, self.location, str(error.orig))
        if sentence is None:
            return None
        kind = LocalFailureError if self.opened else LedgerError
        return kind(sentence, next_step=next_step)

    def upsert(self, table: Table, update: Collection[str], only_if_null: str | None = None) -> Insert:
        """``INSERT … ON CONFLICT (primary key) DO UPDATE`` or ``DO NOTHING``."""
        return _upsert(table, tuple(update), only_if_null)

    def rows_by_digest(
        self, connection: Connection, table: Table, columns: Sequence[str], import_id: int, digests: Sequence[bytes]
    ) -> list[tuple[Any, ...]]:
        """By IN lists over the sorted digests, so that neighbours are read together.

        Straight through the driver: SQLAlchemy's handling of each parameter and row would take as long as SQLite itself.
        """
        cursor = connection.connection.cursor()
        rows: list[tuple[Any, ...]] = []
        try:
            for chunk in _chunks(sorted(digests), _IN_LIST):
                marks = ",".join("?" * len(chunk))
                names = ",".join(table.c[column].name for column in columns)
                query = f"SELECT {names} FROM {table.name} WHERE import_id = ? AND key_digest IN ({marks})"  # noqa: S608  only names of ours
                cursor.execute(query, (import_id, *chunk))
                rows.extend(cursor.fetchall())
        finally:
            cursor.close()
        return rows

    def frame_by_digest(
        self, connection: Connection, table: Table, columns: Mapping[str, pl.DataType], import_id: int, digests: pl.Series
    ) -> pl.DataFrame:
        """As CSV that SQLite writes and polars reads."""
        cursor = connection.connection.cursor()
        try:
            return frame_by_digest(cursor, table.name, columns, import_id, digests)
        finally:
            cursor.close()


def open_sqlite(path: Path | None, location: str) -> SqliteDatabase:
    """Opens an existing SQLite file (it may be empty), or a database in memory.

    Args:
        path: None for memory.
        location: For messages.

    Raises:
        LedgerError: It cannot be opened, is not a database, or is damaged.
    """
    engine = _engine(path)
    database = SqliteDatabase(engine, path, location)
    try:
        _check(database, path)
    except UnicodeDecodeError:
        # SQLite quotes what it found in the file, and Python cannot read even that.
        database.close()
        sentence, next_step = _damaged(location, "its tables' names are no text")
        raise LedgerError(sentence, next_step=next_step) from None
    except BaseException:
        database.close()
        raise
    return database


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file lies there, whatever it is called; None where there is none, or none that can be reached."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _engine(path: Path | None) -> Engine:
    """hide_parameters, because an error's text would otherwise hold row content."""
    if path is None:
        # One connection for ever: each further one would be another, empty database.
        engine = create_engine("sqlite://", creator=lambda: _connect(":memory:"), poolclass=StaticPool, hide_parameters=True)
    else:
        # mode=rw never creates: a file is only made by ``location.make_private_file``, with its mode.
        target = f"file:{quote(str(path))}?mode=rw"
        engine = create_engine("sqlite://", creator=lambda: _connect(target), hide_parameters=True, poolclass=None)
    event.listen(engine, "begin", _begin)
    return engine


def _connect(target: str) -> sqlite3.Connection:
    """isolation_level=None: the module's own transactions would begin late and leave DDL out; ``_begin`` says when."""
    connection = sqlite3.connect(target, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        journal = _choose_journal(connection)
        connection.execute(f"PRAGMA synchronous = {'FULL' if journal == 'wal' else 'EXTRA'}")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _choose_journal(connection: sqlite3.Connection) -> str:
    """WAL where SQLite agrees. The change itself does not wait for others as a transaction does, so we wait in one and try again."""
    for _ in range(_WAL_TRIES):
        try:
            return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def _begin(connection: Connection) -> None:
    """A writer takes its lock at once: a reader that turns writer cannot wait for another, it fails."""
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _check(database: SqliteDatabase, path: Path | None) -> None:
    """Whether it is a sound database; a whole check only where it takes well under a second."""
    with database.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
        if path is not None and path.stat().st_size <= _QUICK_CHECK_BYTES:
            found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
            if found != "ok":
                sentence, next_step = _damaged(database.location, found)
                raise LedgerError(sentence, next_step=next_step)


# Kept, because to put such a statement together takes longer than to run it.
@cache
def _upsert(table: Table, update: tuple[str, ...], only_if_null: str | None) -> Insert:
    statement = sqlite.insert(table)
    key = list(table.primary_key.columns)
    if not update:
        return statement.on_conflict_do_nothing(index_elements=key)
    changes = {name: statement.excluded[name] for name in update}
    where = None if only_if_null is None else table.c[only_if_null].is_(None)
    return statement.on_conflict_do_update(index_elements=key, set_=changes, where=where)


def _chunks(values: Sequence[bytes], size: int) -> Iterator[list[bytes]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _meaning(code: int, location: str, said: str) -> tuple[str | None, str | None]:
    """A primary error code -> what is wrong and what to do; nothing for a fault of ours."""
    if code in _FULL:
        return (
            f"the ledger {location} cannot be written: {said}; what was not yet in it was not sent",
            "make room on the disk (or lift the quota), then run the same command again",
        )
    if code in _BUSY:
        return (
            f"another process has held the ledger {location} for more than {BUSY_SECONDS:g} seconds",
            "find what else has it open, then run the same command again",
        )
    if code in _DAMAGED or (code == sqlite3.SQLITE_ERROR and _OTHER_TABLES.search(said)):
        return _damaged(location, said)
    if code in _UNWRITABLE:
        return (
            f"the ledger {location} cannot be opened for writing: {said}",
            "give yourself write permission for the file and its folder, or give another ledger with --ledger",
        )
    return None, None


def _damaged(location: str, said: str) -> tuple[str, str]:
    return (
        f"{location} is damaged, or not a ledger at all ({said}); it was left as it is",
        "restore it from a backup; or move it away and rebuild it from Lightfield: lightfield-etl reconcile CONFIG",
    )
