"""What did each of these rows become?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
from sqlalchemy import bindparam, exists, func, select

from etl.frames import KEY_DIGEST, SOURCE_KEY
from etl.ledger.database import Database
from etl.ledger.entry_frame import ENTRY_FRAME
from etl.ledger.schema import ENTRY, IMPORT, INTENT, WRITTEN
from etl.ledger.state import FAILED, OPEN
from etl.ledger.work import Work
from etl.records import VANISHED_FINGERPRINT, EntryState, OperationKind

_READ = {name: kind for name, kind in ENTRY_FRAME.items() if name not in {"key_digest", "has_intent"}}
_INTENT_READ = ("key_digest", "state", "task_id", "generation", "revision")
_TASK_IDS_AT_ONCE = 10_000
_ROWS_AT_ONCE = 50_000


def look_up(work: Work, digests: pl.Series) -> pl.DataFrame:
    """The rows among the given that the ledger knows, as an ENTRY_FRAME, in no order.

    A row of which there is only an open intent (its first request may have been executed) has the state ``uncertain``.
    """
    wanted = digests.drop_nulls().unique()
    known = work.frame_by_digest(ENTRY, _READ, wanted).with_columns(has_intent=pl.lit(value=False))
    if not _has_intents(work):
        return known
    rows = work.by_digest(INTENT, _INTENT_READ, wanted.to_list())
    intents = pl.DataFrame([_as_entry(row) for row in rows if row[1] == OPEN], schema=dict(ENTRY_FRAME), orient="row")
    marked = known.with_columns(has_intent=pl.col("key_digest").is_in(intents["key_digest"].implode()))
    return pl.concat([marked, intents.join(known, on="key_digest", how="anti")])


def knows_keys(work: Work, digests: pl.Series) -> pl.Series:
    """Boolean, one a digest in the order given: the ledger has heard of the row, whatever became of it."""
    wanted = digests.drop_nulls().unique().to_list()
    rows = work.by_digest(ENTRY, ["key_digest"], wanted) + work.by_digest(INTENT, ["key_digest"], wanted)
    heard_of = pl.Series("known", [row[0] for row in rows], dtype=pl.Binary)
    return digests.is_in(heard_of.implode()).fill_null(value=False)


def record_rejected(work: Work, rows: pl.DataFrame) -> None:
    """Notes rows that we refused before sending.

    An entry that has a task stays as it is, and so does one that may have one: it has an open intent, or is uncertain. What ``retry``
    would have sent of a row that was ``failed`` is dropped: the source says something else by now.

    Args:
        work: Writing.
        rows: Columns KEY_DIGEST, SOURCE_KEY; rows without a key are left out.
    """
    keyed = rows.select(KEY_DIGEST, SOURCE_KEY).drop_nulls().unique(KEY_DIGEST, maintain_order=True)
    held = dict(work.by_digest(INTENT, ["key_digest", "state"], keyed[KEY_DIGEST].to_list()))
    in_doubt = {digest for digest, state in held.items() if state == OPEN}
    states = work.by_digest(ENTRY, ["key_digest", "state"], keyed[KEY_DIGEST].to_list())
    in_doubt.update(digest for digest, state in states if state == EntryState.UNCERTAIN.value)
    new = [_without_task(work.import_id, digest, key, EntryState.REJECTED) for digest, key in keyed.iter_rows() if digest not in in_doubt]
    if new:
        work.connection.execute(work.upsert(ENTRY, ("state",), "task_id"), new)
    failed = [{"digest": digest} for digest, state in held.items() if state == FAILED]
    if failed:
        creates = (INTENT.c.import_id == work.import_id, INTENT.c.kind == OperationKind.CREATE.value)
        work.connection.execute(INTENT.delete().where(*creates, INTENT.c.key_digest == bindparam("digest")), failed)


def record_uncertain(work: Work, rows: pl.DataFrame) -> None:
    """Notes rows that may be in Lightfield although no intent of this ledger says so; one that has a task stays as it is.

    Args:
        work: Writing.
        rows: Columns KEY_DIGEST, SOURCE_KEY.
    """
    new = [
        _without_task(work.import_id, digest, key, EntryState.UNCERTAIN) for digest, key in rows.select(KEY_DIGEST, SOURCE_KEY).iter_rows()
    ]
    if new:
        work.connection.execute(work.upsert(ENTRY, ("state",), "task_id"), new)


def clear_uncertain(work: Work, digests: Sequence[bytes]) -> None:
    """Rows that turned out not to be in Lightfield: their next create is a first one. Others stay as they are."""
    row = (ENTRY.c.import_id == work.import_id, ENTRY.c.key_digest == bindparam("digest"))
    uncertain = (ENTRY.c.state == EntryState.UNCERTAIN.value, ENTRY.c.task_id.is_(None))
    if digests:
        update = ENTRY.update().where(*row, *uncertain).values(state=EntryState.FAILED.value)
        work.connection.execute(update, [{"digest": digest} for digest in digests])


def count_with_task(work: Work) -> int:
    """How many rows have a task."""
    query = select(func.count()).select_from(ENTRY).where(ENTRY.c.import_id == work.import_id, ENTRY.c.task_id.is_not(None))
    return int(work.connection.execute(query).scalar_one())


def has_rows_at_stake(work: Work) -> bool:
    """Whether any row has a task, or may have one."""
    at_stake = ENTRY.c.task_id.is_not(None) | (ENTRY.c.state == EntryState.UNCERTAIN.value)
    return bool(work.connection.scalar(select(exists().where(ENTRY.c.import_id == work.import_id, at_stake)))) or _has_intents(work)


def count_beyond_retry(work: Work) -> int:
    """How many rows are uncertain without an intent that could be sent again: what they said went with a lost ledger."""
    intent = exists().where(INTENT.c.import_id == ENTRY.c.import_id, INTENT.c.key_digest == ENTRY.c.key_digest)
    uncertain = (ENTRY.c.import_id == work.import_id, ENTRY.c.state == EntryState.UNCERTAIN.value)
    return int(work.connection.execute(select(func.count()).select_from(ENTRY).where(*uncertain, ~intent)).scalar_one())


def has_written(work: Work) -> bool:
    """Whether anything was ever written, or may have been."""
    return bool(work.connection.scalar(select(exists().where(WRITTEN.c.import_id == work.import_id)))) or _has_intents(work)


def owned_task_ids(database: Database, workspace_id: int) -> Iterator[list[str]]:
    """The tasks of all imports of a workspace, those that a row had before included, in lists of bounded size.

    One transaction a list, so that a slow consumer holds up nobody; an id may come twice.
    """
    after = (-1, -1)
    while True:
        import_id, seq = after
        query = (
            select(WRITTEN.c.import_id, WRITTEN.c.seq, WRITTEN.c.task_id)
            .join(IMPORT, IMPORT.c.id == WRITTEN.c.import_id)
            .where(
                IMPORT.c.workspace_id == workspace_id,
                (WRITTEN.c.import_id > import_id) | ((WRITTEN.c.import_id == import_id) & (WRITTEN.c.seq > seq)),
            )
            .order_by(WRITTEN.c.import_id, WRITTEN.c.seq)
            .limit(_TASK_IDS_AT_ONCE)
        )
        with database.reading() as connection:
            rows = connection.execute(query).all()
        if not rows:
            return
        yield [row[2] for row in rows]
        after = (rows[-1][0], rows[-1][1])


def live_rows(database: Database, import_id: int) -> Iterator[pl.DataFrame]:
    """The rows that have a live task and did not vanish from the source before, in frames of bounded size.

    Columns KEY_DIGEST (Binary) and SOURCE_KEY (String); one transaction a frame.
    """
    after = b""
    columns = (ENTRY.c.key_digest, ENTRY.c.source_key)
    live = (ENTRY.c.state == EntryState.DONE.value, ENTRY.c.fingerprint.is_distinct_from(VANISHED_FINGERPRINT))
    while True:
        query = select(*columns).where(ENTRY.c.import_id == import_id, ENTRY.c.key_digest > after, *live)
        with database.reading() as connection:
            rows = connection.execute(query.order_by(ENTRY.c.key_digest).limit(_ROWS_AT_ONCE)).all()
        if not rows:
            return
        after = bytes(rows[-1][0])
        digests, keys = [bytes(row[0]) for row in rows], [row[1] for row in rows]
        yield pl.DataFrame({KEY_DIGEST: digests, SOURCE_KEY: keys}, schema={KEY_DIGEST: pl.Binary, SOURCE_KEY: pl.String})


def knows_any(work: Work) -> bool:
    """Whether there is a row of which something is known, or in doubt."""
    return bool(work.connection.scalar(select(exists().where(ENTRY.c.import_id == work.import_id)))) or _has_intents(work)


def _has_intents(work: Work) -> bool:
    return bool(work.connection.scalar(select(exists().where(INTENT.c.import_id == work.import_id, INTENT.c.state == OPEN))))


def _without_task(import_id: int, digest: bytes, source_key: str, state: EntryState) -> dict[str, Any]:
    entry = {"import_id": import_id, "key_digest": digest, "source_key": source_key}
    return entry | {"state": state.value, "generation": 0, "revision": 0}


def _as_entry(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """An open intent -> a row of an ENTRY_FRAME."""
    digest, _, task_id, generation, revision = row
    return digest, EntryState.UNCERTAIN.value, task_id, None, generation, revision, True
