"""How does a ledger get its tables, and an older one those of today?

Each migration is applied in one transaction with its own record. Once released it never changes: a change of the schema is a new one.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, inspect, select
from sqlalchemy.engine import Connection

from etl.errors import LedgerError
from etl.ledger.database import Database
from etl.ledger.schema import MIGRATION, SALT

_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Migration:
    """One step. ``statements`` are DDL in which ``{serial}``, ``{bytes}`` and ``{clustered}`` stand for the database's own words."""

    number: int
    name: str
    statements: tuple[str, ...]


_FIRST = Migration(
    1,
    "the first tables",
    (
        "CREATE TABLE etl_migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)",
        "CREATE TABLE etl_salt (salt {bytes} PRIMARY KEY NOT NULL)",
        "CREATE TABLE etl_workspace (id {serial}, origin TEXT NOT NULL, label TEXT NOT NULL, seen_at BIGINT NOT NULL)",
        """CREATE TABLE etl_member (
            digest {bytes} NOT NULL, workspace_id INTEGER NOT NULL REFERENCES etl_workspace (id),
            PRIMARY KEY (digest, workspace_id)) {clustered}""",
        """CREATE TABLE etl_api_key (
            digest {bytes} NOT NULL, workspace_id INTEGER NOT NULL REFERENCES etl_workspace (id), seen_at BIGINT NOT NULL,
            PRIMARY KEY (digest, workspace_id)) {clustered}""",
        """CREATE TABLE etl_import (
            id {serial}, workspace_id INTEGER NOT NULL REFERENCES etl_workspace (id), name TEXT NOT NULL, key_spec TEXT,
            UNIQUE (workspace_id, name))""",
        """CREATE TABLE etl_lease (
            import_id INTEGER NOT NULL PRIMARY KEY REFERENCES etl_import (id), token TEXT, holder TEXT NOT NULL, machine TEXT NOT NULL,
            pid INTEGER NOT NULL, process_started TEXT, since BIGINT NOT NULL, renewed_at BIGINT NOT NULL,
            renewed_elapsed DOUBLE PRECISION NOT NULL)""",
        """CREATE TABLE etl_run (
            number {serial}, import_id INTEGER NOT NULL REFERENCES etl_import (id), run_id TEXT NOT NULL, command TEXT NOT NULL,
            settings TEXT NOT NULL, started_at BIGINT NOT NULL, finished_at BIGINT, status TEXT, exit_code INTEGER, counts TEXT,
            UNIQUE (import_id, run_id))""",
        """CREATE TABLE etl_entry (
            import_id INTEGER NOT NULL REFERENCES etl_import (id), key_digest {bytes} NOT NULL, source_key TEXT NOT NULL,
            state TEXT NOT NULL, task_id TEXT, fingerprint {bytes}, generation INTEGER NOT NULL, revision INTEGER NOT NULL, written BIGINT,
            PRIMARY KEY (import_id, key_digest)) {clustered}""",
        """CREATE TABLE etl_intent (
            import_id INTEGER NOT NULL REFERENCES etl_import (id), key_digest {bytes} NOT NULL, source_key TEXT NOT NULL,
            kind TEXT NOT NULL, idempotency_key TEXT NOT NULL, fingerprint {bytes} NOT NULL, payload {bytes} NOT NULL,
            earlier_payloads {bytes}, generation INTEGER NOT NULL, revision INTEGER NOT NULL, task_id TEXT,
            run INTEGER NOT NULL REFERENCES etl_run (number), first_sent_at BIGINT NOT NULL, begun_at BIGINT NOT NULL,
            state TEXT NOT NULL, state_before TEXT, attempts INTEGER NOT NULL, finished_at BIGINT, http_status INTEGER, error_code TEXT,
            error_field TEXT, error_message TEXT, PRIMARY KEY (import_id, key_digest))""",
        """CREATE TABLE etl_written (
            import_id INTEGER NOT NULL REFERENCES etl_import (id), seq BIGINT NOT NULL, key_digest {bytes} NOT NULL, kind TEXT NOT NULL,
            action TEXT NOT NULL, task_id TEXT NOT NULL, url TEXT, generation INTEGER NOT NULL, revision INTEGER NOT NULL,
            run INTEGER NOT NULL REFERENCES etl_run (number), finished_at BIGINT NOT NULL, payload {bytes}, replaced {bytes},
            observed {bytes}, previous BIGINT, PRIMARY KEY (import_id, seq))""",
        "CREATE INDEX etl_written_by_run ON etl_written (run)",
    ),
)

_CHANGES = Migration(
    2,
    "what a change needs to be settled, and to be taken back",
    (
        "ALTER TABLE etl_intent ADD COLUMN content {bytes}",
        "ALTER TABLE etl_intent ADD COLUMN replaced {bytes}",
        "ALTER TABLE etl_written ADD COLUMN fingerprint {bytes}",
        "ALTER TABLE etl_import ADD COLUMN let_go_until BIGINT",
    ),
)

_TOLD = Migration(
    3,
    "what the receivers of messages were told",
    (
        """CREATE TABLE etl_told (
            name TEXT NOT NULL, receiver {bytes} NOT NULL, since BIGINT NOT NULL, standing TEXT NOT NULL, row_digests {bytes},
            PRIMARY KEY (name, receiver)) {clustered}""",
    ),
)

MIGRATIONS = (_FIRST, _CHANGES, _TOLD)
"""In order; numbers grow by one."""

NEWEST = MIGRATIONS[-1].number


def holds_ledger(database: Database) -> bool:
    """Whether a ledger was ever made in it.

    Raises:
        LedgerError: It is some other program's database.
    """
    with database.reading() as connection:
        return _applied(connection, database.location) > 0


def migrate(database: Database, now: datetime, migrations: tuple[Migration, ...] = MIGRATIONS) -> bool:
    """Brings a database's tables to today's.

    Args:
        database: Empty, or a ledger of any age.
        now: UTC, for the record.
        migrations: All of them, in order; handed in by tests.

    Returns:
        True when this call made the ledger's first table.

    Raises:
        LedgerError: It is some other program's database, or a newer version's ledger.
    """
    with database.reading() as connection:
        applied = _applied(connection, database.location)
    _refuse_newer(applied, migrations[-1].number, database.location)
    made = False
    for migration in migrations[applied:]:
        with database.writing() as connection:
            database.keep_others_out(connection)
            # Another process may have done it between our look and our lock.
            if _applied(connection, database.location) < migration.number:
                _apply(connection, migration, database.ddl_words, now)
                made = made or migration.number == 1
    return made


def _applied(connection: Connection, location: str) -> int:
    """The number of the newest migration that was applied, 0 for an empty database."""
    if inspect(connection).has_table(MIGRATION.name):
        return int(connection.scalar(select(func.max(MIGRATION.c.number))) or 0)
    tables = [] if _may_be_shared(connection) else inspect(connection).get_table_names()
    if tables and not any(table.startswith("etl_") for table in tables):
        raise LedgerError(
            f"{location} is a database of another program (it has the table {tables[0]!r}), not a ledger",
            next_step="give another file with --ledger",
        )
    return 0


def _may_be_shared(connection: Connection) -> bool:
    """A server's database can hold other programs' tables beside ours; a file's cannot."""
    return connection.dialect.name != "sqlite"


def _refuse_newer(applied: int, newest: int, location: str) -> None:
    if applied > newest:
        raise LedgerError(
            f"{location} was written by a newer version of lightfield-etl (its schema is {applied}, this version knows {newest})",
            next_step="upgrade lightfield-etl on this machine, or give another ledger with --ledger",
        )


def _apply(connection: Connection, migration: Migration, words: Mapping[str, str], now: datetime) -> None:
    for statement in migration.statements:
        connection.exec_driver_sql(statement.format_map(words))
    if migration.number == 1:
        connection.execute(SALT.insert().values(salt=secrets.token_bytes(_SALT_BYTES)))
    connection.execute(MIGRATION.insert().values(number=migration.number, name=migration.name, applied_at=now))
