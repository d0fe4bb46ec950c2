"""Which tables does a ledger have, as its queries see them?

How they come to be is in ``migrations.py``; a test holds the two together. Names begin with ``etl_`` because a PostgreSQL database may
be shared with others.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

METADATA = MetaData()

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """A UTC datetime, kept as whole microseconds since 1970: exact, ordered, and the same on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002  SQLAlchemy's signature
        """Microseconds since 1970."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  SQLAlchemy's signature
        """The moment, UTC."""
        return None if value is None else _EPOCH + value * _MICROSECOND


class AnyText(TypeDecorator[str]):
    """Text of others, whatever it holds: PostgreSQL's text has no NUL, so U+0000 is kept as U+0001 0, and U+0001 as U+0001 1."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's signature
        """Without NUL."""
        return value if value is None else value.replace("\x01", "\x011").replace("\x00", "\x010")

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's signature
        """As it was given."""
        return value if value is None or "\x01" not in value else value.replace("\x010", "\x00").replace("\x011", "\x01")


MIGRATION = Table(
    "etl_migration",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("applied_at", Moment, nullable=False),
)
"""Which migrations were applied."""

SALT = Table("etl_salt", METADATA, Column("salt", LargeBinary, primary_key=True))
"""One row: what member ids and API keys are digested with."""

WORKSPACE = Table(
    "etl_workspace",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("origin", Text, nullable=False),
    Column("label", AnyText, nullable=False),
    Column("seen_at", Moment, nullable=False),
)
"""The workspaces that were ever met, each of one origin."""

MEMBER = Table(
    "etl_member",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("workspace_id", ForeignKey("etl_workspace.id"), primary_key=True),
)
"""By whom a workspace is known again."""

API_KEY = Table(
    "etl_api_key",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("workspace_id", ForeignKey("etl_workspace.id"), primary_key=True),
    Column("seen_at", Moment, nullable=False),
)
"""Salted, truncated digests of the API keys that opened a workspace."""

IMPORT = Table(
    "etl_import",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("workspace_id", ForeignKey("etl_workspace.id"), nullable=False),
    Column("name", AnyText, nullable=False),
    Column("key_spec", Text),
    Column("let_go_until", BigInteger),
    UniqueConstraint("workspace_id", "name"),
)
"""An import's name within a workspace: what rows hang on.

``let_go_until`` is the ``seq`` of ``etl_written`` up to which former values are gone.
"""

LEASE = Table(
    "etl_lease",
    METADATA,
    Column("import_id", ForeignKey("etl_import.id"), primary_key=True),
    Column("token", Text),
    Column("holder", Text, nullable=False),
    Column("machine", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started", Text),
    Column("since", Moment, nullable=False),
    Column("renewed_at", Moment, nullable=False),
    Column("renewed_elapsed", Float, nullable=False),
)
"""Who runs an import. ``token`` is null when nobody does."""

RUN = Table(
    "etl_run",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("import_id", ForeignKey("etl_import.id"), nullable=False),
    Column("run_id", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("status", Text),
    Column("exit_code", Integer),
    Column("counts", Text),
    UniqueConstraint("import_id", "run_id"),
)
"""The history. ``settings`` and ``counts`` are JSON objects."""

ENTRY = Table(
    "etl_entry",
    METADATA,
    Column("import_id", ForeignKey("etl_import.id"), primary_key=True),
    Column("key_digest", LargeBinary, primary_key=True),
    Column("source_key", AnyText, nullable=False),
    Column("state", Text, nullable=False),
    Column("task_id", Text),
    Column("fingerprint", LargeBinary),
    Column("generation", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("written", BigInteger),
)
"""What each row became: narrow, because a re-run reads all of it. ``written`` is the latest ``etl_written.seq`` of the row."""

INTENT = Table(
    "etl_intent",
    METADATA,
    Column("import_id", ForeignKey("etl_import.id"), primary_key=True),
    Column("key_digest", LargeBinary, primary_key=True),
    Column("source_key", AnyText, nullable=False),
    Column("kind", Text, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("earlier_payloads", LargeBinary),
    Column("generation", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("task_id", Text),
    Column("run", ForeignKey("etl_run.number"), nullable=False),
    Column("first_sent_at", Moment, nullable=False),
    Column("begun_at", Moment, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_before", Text),
    Column("attempts", Integer, nullable=False),
    Column("finished_at", Moment),
    Column("http_status", Integer),
    Column("error_code", AnyText),
    Column("error_field", AnyText),
    Column("error_message", AnyText),
    Column("content", LargeBinary),
    Column("replaced", LargeBinary),
)
"""Writes without a good end, one a row at most: ``open`` (it may have been executed) or ``failed`` (it was not).

``state_before`` is what it was when it was last begun: null, ``open`` or ``failed``. ``finished_at`` and what follows are of the last
outcome, null where there was none. ``content`` and ``replaced`` are those of ``records.Operation``, packed.
"""

WRITTEN = Table(
    "etl_written",
    METADATA,
    Column("import_id", ForeignKey("etl_import.id"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("key_digest", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("task_id", Text, nullable=False),
    Column("url", AnyText),
    Column("generation", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("run", ForeignKey("etl_run.number"), nullable=False),
    Column("finished_at", Moment, nullable=False),
    Column("payload", LargeBinary),
    Column("replaced", LargeBinary),
    Column("observed", LargeBinary),
    Column("previous", BigInteger),
    Column("fingerprint", LargeBinary),
)
"""What was written, in the order of writing; ``previous`` is the same row's write before. ``payload`` (the row's whole content after it),
``replaced`` (what it put out) and ``observed`` (what Lightfield held where that differed) are packed JSON objects, see ``payloads.py``.
"""

TOLD = Table(
    "etl_told",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("receiver", LargeBinary, primary_key=True),
    Column("since", Moment, nullable=False),
    Column("standing", Text, nullable=False),
    Column("row_digests", LargeBinary),
)
"""What the receiver of an import's messages was last told. It hangs on the import's name and on a digest of the receiver, because it must
be known where the key opens no workspace any more. ``standing`` is a JSON object; ``row_digests`` are 8 bytes each, in a row.
"""
