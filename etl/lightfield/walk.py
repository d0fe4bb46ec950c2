"""Which tasks does the workspace hold, newest first, and can it be said that none was passed over?

The list may change between two pages: new tasks push the others down, trashed ones pull them up. So each page begins with the last
task of the one before; where the two do not join, the list is read again from further up. The list also lags behind recent writes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Protocol

from etl.errors import KeyRefusedError
from etl.lightfield.answer import Answer, Category
from etl.lightfield.client import PAGE_SIZE, LightfieldClient
from etl.lightfield.models import TaskView
from etl.lightfield.pages import PAGES_AT_ONCE, gather, records_of, understood

LIST_LAG = timedelta(seconds=60)
"""How far the list is taken to lag behind writes: the API's documents name no figure, so this is a generous one."""
STEP = PAGE_SIZE - 1
"""Pages overlap by one task."""

_MOST_REREADS = 5
_REMEMBERED = 40 * PAGE_SIZE
_OK_CLASS = 2


class AnswerReader(Protocol):
    """Sends a read until its answer settles the question: throttled, retried, judged."""

    async def answer(self, call: Callable[[], Awaitable[Answer]], category: Category) -> Answer:
        """The answer, a refusal too.

        Raises:
            KeyRefusedError: The key is wrong or lacks the scope.
            ServiceDownError: No such answer within the attempts.
        """
        ...


@dataclass(frozen=True, slots=True)
class TaskPage:
    """One page of the list, and how many tasks there are in all where the API says it."""

    tasks: tuple[TaskView, ...]
    total: int | None


@dataclass(frozen=True, slots=True)
class Walked:
    """How far a walk came.

    Attributes:
        complete: Every task that was in the list throughout the walk, and not created before ``since``, was seen.
        why_not: What it fell short by, a clause; None when complete.
        since: How far back it was to go; None for all tasks.
        until: Tasks created later than this may not have been in the list yet.
    """

    complete: bool
    why_not: str | None
    since: datetime | None
    until: datetime


async def task_page_or_none(reader: AnswerReader, client: LightfieldClient, offset: int, *, trashed: bool = False) -> TaskPage | None:
    """One page from ``offset`` on, newest first; None where Lightfield refuses it (an offset beyond what it serves).

    Raises:
        KeyRefusedError, ServiceDownError: As the reader does.
    """
    answer = await reader.answer(lambda: client.list_tasks(PAGE_SIZE, offset, trashed=trashed), Category.SEARCH)
    if answer.status // 100 != _OK_CLASS:
        return None
    page = records_of(answer.body or {})
    return TaskPage(tuple(understood(TaskView.read, record) for record in page.records), page.total)


async def walk_tasks(  # noqa: PLR0913  each is handed in by the job
    reader: AnswerReader,
    client: LightfieldClient,
    see: Callable[[TaskView], None],
    *,
    server_now: datetime,
    since: datetime | None = None,
    trashed: bool = False,
) -> Walked:
    """Go through the workspace's tasks from the newest to those created before ``since``.

    Args:
        reader: Sends reads.
        client: The API.
        see: Hears of each task; of one that moves under our hands perhaps twice.
        server_now: The server's time at the start, UTC.
        since: Stop once tasks are older; None goes through all.
        trashed: The trash instead, which takes the scope ``tasks:restore``.

    Raises:
        KeyRefusedError: The key may not list tasks at all.
        ServiceDownError: Lightfield does not answer.
    """
    walk = _Walk(reader, client, see, since=since, trashed=trashed)
    try:
        why_not = await walk.run()
    except KeyRefusedError:
        if not trashed:
            raise
        why_not = "the API key may not list the trash"
    return Walked(why_not is None, why_not, since, server_now - LIST_LAG)


class _Walk:
    """One walk on its way; ``offset`` is where the next page begins."""

    def __init__(
        self, reader: AnswerReader, client: LightfieldClient, see: Callable[[TaskView], None], *, since: datetime | None, trashed: bool
    ) -> None:
        self._reader = reader
        self._client = client
        self._see = see
        self._since = since
        self._trashed = trashed
        self._offset = 0
        self._recent: deque[str] = deque(maxlen=_REMEMBERED)
        self._seen = 0
        self._oldest: datetime | None = None
        self._in_order = True
        self._totals: list[int] = []
        self._ended = False

    async def run(self) -> str | None:
        """To the end; why it is not complete, None when it is."""
        at_once = 1
        while not self._ended:
            offsets = [self._offset + number * STEP for number in range(at_once)]
            for offset, page in zip(offsets, await gather([self._page(offset) for offset in offsets]), strict=True):
                # A page that was read again moved the walk: what was read ahead of it is of no use.
                if self._ended or offset != self._offset:
                    break
                why_not = await self._take(page)
                if why_not is not None:
                    return why_not
            at_once = self._pages_ahead()
        return self._shortfall()

    def _pages_ahead(self) -> int:
        """How many pages are asked for at once: none beyond the end that the list announces."""
        if not self._totals:
            return PAGES_AT_ONCE
        return max(1, min(PAGES_AT_ONCE, ceil((self._totals[-1] - self._offset) / STEP)))

    async def _page(self, offset: int) -> TaskPage | None:
        return await task_page_or_none(self._reader, self._client, offset, trashed=self._trashed)

    async def _take(self, page: TaskPage | None) -> str | None:
        """Go on by one page; why that is not possible, None where it is."""
        for _ in range(_MOST_REREADS):
            if page is None:
                return f"Lightfield refused to list tasks from the {self._offset + 1:,}th on"
            if self._joins(page):
                self._go_on(page)
                return None
            self._offset = max(0, self._offset - STEP)
            page = await self._page(self._offset)
        return "the list of tasks kept changing while it was read"

    def _joins(self, page: TaskPage) -> bool:
        """Every task between those seen and the new ones of this page is in this page."""
        return not self._recent or any(task.id in self._recent for task in page.tasks)

    def _go_on(self, page: TaskPage) -> None:
        places = [place for place, task in enumerate(page.tasks) if task.id in self._recent]
        for task in page.tasks[places[-1] + 1 if places else 0 :]:
            self._note(task)
        if page.total is not None:
            self._totals = [*self._totals[:1], page.total]
        self._offset += STEP
        too_old = self._since is not None and self._oldest is not None and self._oldest < self._since
        # A page shorter than the limit is the last.
        self._ended = len(page.tasks) < PAGE_SIZE or (self._in_order and too_old)

    def _note(self, task: TaskView) -> None:
        self._recent.append(task.id)
        self._seen += 1
        if task.created_at is not None:
            self._in_order = self._in_order and (self._oldest is None or task.created_at <= self._oldest)
            self._oldest = task.created_at
        self._see(task)

    def _shortfall(self) -> str | None:
        """A list read to its end must have shown as many tasks as it announced, before or after."""
        read_to_the_end = self._since is None or self._oldest is None or self._oldest >= self._since
        if read_to_the_end and self._totals and self._seen < min(self._totals):
            return f"only {self._seen:,} of {min(self._totals):,} tasks were listed"
        return None
