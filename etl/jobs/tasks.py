"""Which tasks does Lightfield hold, those in the trash too where the API key may see them?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from etl.jobs.connect import READ_SCOPE, RESTORE_SCOPE, Connection
from etl.lightfield.models import TaskView
from etl.lightfield.walk import LIST_LAG, Walked, walk_tasks

if TYPE_CHECKING:
    from etl.ledger.imports import ImportLedger

SeeTask = Callable[[TaskView, bool], None]
"""Hears of a task, and whether it was met in the trash."""


@dataclass(frozen=True, slots=True)
class Survey:
    """How far the search came.

    Attributes:
        why_incomplete: Why there may be tasks that were not seen, a clause; None when there are none.
        until: Tasks created later than this may not have been listed yet.
    """

    why_incomplete: str | None
    until: datetime


async def survey_tasks(connection: Connection, see: SeeTask, *, since: datetime | None = None) -> Survey:
    """Go through the tasks, from the newest to those created before ``since`` (None: all of them).

    The trash is gone through before and after the others: a task that is moved meanwhile is met in one of them. One may be heard of
    several times; where it was last met is where it is.

    Raises:
        KeyRefusedError, ServiceDownError: As the reader does.
    """
    now = connection.server_clock.now()
    if not connection.info.allows(READ_SCOPE):
        return Survey(f"the API key may not look: it lacks {READ_SCOPE}", now - LIST_LAG)

    async def walk(*, trashed: bool) -> Walked:
        return await walk_tasks(
            connection.reader, connection.client, lambda task: see(task, trashed), server_now=now, since=since, trashed=trashed
        )

    has_trash = connection.info.allows(RESTORE_SCOPE)
    walks = [await walk(trashed=trashed) for trashed in ((True, False, True) if has_trash else (False,))]
    reasons = [walked.why_not for walked in walks if walked.why_not is not None]
    return Survey(reasons[0] if reasons else None, now - LIST_LAG)


def owned_ids(rows: ImportLedger) -> frozenset[str]:
    """The tasks that rows of this workspace own, of all its imports and generations."""
    return frozenset(task_id for task_ids in rows.owned_task_ids() for task_id in task_ids)


def not_owned(rows: ImportLedger, task_ids: set[str]) -> set[str]:
    """Those of the given tasks that no row owns; nothing is held of the others."""
    free = set(task_ids)
    for owned in rows.owned_task_ids():
        free.difference_update(owned)
    return free
