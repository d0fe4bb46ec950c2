"""What does the ledger let go of, and when?

What rows held before is kept for ``retain``, for undo and sync. What a row holds now, and which task it is, is kept for ever: without it
the next run could neither tell that nothing changed nor that it is there already.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import exists, func, select

from etl.ledger.schema import ENTRY, IMPORT, WRITTEN
from etl.ledger.work import Work

WRITES_AT_ONCE = 10_000


def let_go(work: Work, before: datetime) -> bool:
    """Lets go of what rows held before, of the next WRITES_AT_ONCE writes that were made before that moment.

    Args:
        work: Writing.
        before: UTC.

    Returns:
        False when there was none left.
    """
    after = _let_go_until(work)
    oldest = select(WRITTEN.c.seq, WRITTEN.c.finished_at).where(WRITTEN.c.import_id == work.import_id, WRITTEN.c.seq > after)
    rows = work.connection.execute(oldest.order_by(WRITTEN.c.seq).limit(WRITES_AT_ONCE)).all()
    until = max((row.seq for row in rows if row.finished_at < before), default=None)
    if until is None:
        return False
    mine = (WRITTEN.c.import_id == work.import_id, WRITTEN.c.seq > after, WRITTEN.c.seq <= until, WRITTEN.c.finished_at < before)
    is_newest = exists().where(
        ENTRY.c.import_id == WRITTEN.c.import_id, ENTRY.c.key_digest == WRITTEN.c.key_digest, ENTRY.c.written == WRITTEN.c.seq
    )
    work.connection.execute(WRITTEN.update().where(*mine).values(replaced=None))
    work.connection.execute(WRITTEN.update().where(*mine, ~is_newest).values(payload=None, observed=None))
    work.connection.execute(IMPORT.update().where(IMPORT.c.id == work.import_id).values(let_go_until=until))
    return True


def let_go_of_superseded(work: Work, sequence_numbers: Collection[int]) -> None:
    """What was kept beyond its time only because it was the newest goes once something newer was written."""
    until = _let_go_until(work)
    old = [number for number in sequence_numbers if number <= until]
    if old:
        mine = (WRITTEN.c.import_id == work.import_id, WRITTEN.c.seq.in_(old))
        work.connection.execute(WRITTEN.update().where(*mine).values(payload=None, observed=None))


def _let_go_until(work: Work) -> int:
    query = select(func.coalesce(IMPORT.c.let_go_until, 0)).where(IMPORT.c.id == work.import_id)
    return int(work.connection.execute(query).scalar_one())
