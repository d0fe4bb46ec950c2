"""How is a whole list read, 25 at a time, while it may change under our hands?"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from etl.errors import ServiceDownError
from etl.lightfield.answer import Answer, Category
from etl.lightfield.client import PAGE_SIZE
from etl.lightfield.models import ApiSurpriseError

Record = TypeVar("Record")

PAGES_AT_ONCE = 8
_ODD_ANSWER_STEP = "try again later; if it stays, the API has changed: look for a newer lightfield-etl"

PageCall = Callable[[int, int], Awaitable[Answer]]
"""``(limit, offset)`` to one page's answer."""


class Reader(Protocol):
    """Sends a read until it succeeds: throttled, retried, judged."""

    async def read(self, call: Callable[[], Awaitable[Answer]], category: Category, *, scope: str | None = None) -> dict[str, Any]:
        """The JSON object of a 2xx answer; ``scope`` is what the key needs for it.

        Raises:
            KeyRefusedError: The key is wrong or lacks the scope.
            ServiceDownError: No success within the attempts.
        """
        ...


@dataclass(frozen=True, slots=True)
class Listing:
    """One kind of list: how a page is called, what the key needs for it."""

    call: PageCall
    scope: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its records, and the length of the whole list where the API says it."""

    records: tuple[dict[str, Any], ...]
    total: int | None


async def read_page(reader: Reader, listing: Listing, offset: int, limit: int = PAGE_SIZE) -> Page:
    """One page from ``offset`` on.

    Raises:
        ServiceDownError: What came is no list.
    """
    return records_of(await reader.read(lambda: listing.call(limit, offset), Category.SEARCH, scope=listing.scope))


def records_of(body: dict[str, Any]) -> Page:
    """What a list's answer holds.

    Raises:
        ServiceDownError: It is no list.
    """
    data, total = body.get("data"), body.get("totalCount")
    if not isinstance(data, list):
        raise odd_answer(ApiSurpriseError("a list has no data"))
    records = tuple(record for record in data if isinstance(record, dict))
    return Page(records, total if isinstance(total, int) and total >= 0 else None)


async def read_all(reader: Reader, listing: Listing, first: Page | None = None) -> list[dict[str, Any]]:
    """Every record once, by id.

    The pages that the first one announces are read at once. What was deleted meanwhile pulls others onto pages already read:
    when fewer came than announced, the list is read once more.
    """
    found: dict[str, dict[str, Any]] = {}
    announced = await _walk(reader, listing, found, first or await read_page(reader, listing, 0))
    if announced is not None and len(found) < announced:
        await _walk(reader, listing, found, await read_page(reader, listing, 0))
    return list(found.values())


async def _walk(reader: Reader, listing: Listing, found: dict[str, dict[str, Any]], first: Page) -> int | None:
    gate = asyncio.Semaphore(PAGES_AT_ONCE)

    async def page_at(offset: int) -> Page:
        async with gate:
            return await read_page(reader, listing, offset)

    announced = range(PAGE_SIZE, first.total or 0, PAGE_SIZE) if len(first.records) >= PAGE_SIZE else range(0)
    pages = [first, *await gather([page_at(offset) for offset in announced])]
    # A page shorter than the limit is the last, whatever was announced.
    while len(pages[-1].records) >= PAGE_SIZE:
        pages.append(await page_at(len(pages) * PAGE_SIZE))
    for page in pages:
        found.update((str(record.get("id")), record) for record in page.records)
    return pages[-1].total


async def gather(calls: list[Awaitable[Record]]) -> list[Record]:
    """All results in order; the first failure ends the others and is raised as it is."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def understood(read: Callable[[Any], Record], body: Any) -> Record:
    """What ``read`` makes of ``body``.

    Raises:
        ServiceDownError: It is not what the API's documentation promises.
    """
    try:
        return read(body)
    except ApiSurpriseError as error:
        raise odd_answer(error) from None


def odd_answer(error: ApiSurpriseError) -> ServiceDownError:
    """The job's error for an answer that cannot be understood."""
    return ServiceDownError(f"Lightfield answered something unexpected: {error}", next_step=_ODD_ANSWER_STEP)
