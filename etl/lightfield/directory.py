"""Who and what is in the workspace: members, accounts, opportunities, contacts, tasks?"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Collection
from functools import partial
from urllib.parse import urlsplit

from etl.lightfield.answer import Answer, Category
from etl.lightfield.client import PAGE_SIZE, LightfieldClient, ObjectKind
from etl.lightfield.models import Definitions, KeyInfo, Member, NamedObject, TaskView
from etl.lightfield.pages import PAGES_AT_ONCE, Listing, Page, Reader, gather, read_all, read_page, understood

_LIST_FIELDS = frozenset({"$website", "$email"})
"""Fields that hold several values: filtered by ``contains``, as ``equal`` is not offered for them."""


async def key_info(reader: Reader, client: LightfieldClient) -> KeyInfo:
    """What the API key may do.

    Raises:
        KeyRefusedError: It is no key.
        ServiceDownError: No usable answer.
    """
    return understood(KeyInfo.read, await reader.read(client.validate, Category.READ))


async def task_definitions(reader: Reader, client: LightfieldClient) -> Definitions:
    """Fields and relationships of tasks; needs ``tasks:read``. Raises as ``key_info`` does."""
    return understood(Definitions.read, await reader.read(client.task_definitions, Category.READ, scope="tasks:read"))


async def all_members(reader: Reader, client: LightfieldClient) -> tuple[Member, ...]:
    """Every member of the workspace; needs ``members:read``. Raises as ``key_info`` does."""
    records = await read_all(reader, _objects(client, "members"))
    return tuple(understood(Member.read, record) for record in records)


async def all_tasks(reader: Reader, client: LightfieldClient, *, trashed: bool = False) -> tuple[TaskView, ...]:
    """Every task that the list shows, newest first; the list lags behind recent writes. Raises as ``key_info`` does."""
    records = await read_all(reader, _tasks(client, trashed=trashed))
    return tuple(understood(TaskView.read, record) for record in records)


async def task_page(
    reader: Reader, client: LightfieldClient, offset: int, *, limit: int = PAGE_SIZE, trashed: bool = False
) -> tuple[tuple[TaskView, ...], int | None]:
    """One page of tasks, newest first, and how many there are in all where the API says it. Raises as ``key_info`` does."""
    page = await read_page(reader, _tasks(client, trashed=trashed), offset, limit)
    return tuple(understood(TaskView.read, record) for record in page.records), page.total


async def objects_named(
    reader: Reader, client: LightfieldClient, kind: ObjectKind, field: str, names: Collection[str]
) -> tuple[NamedObject, ...]:
    """The objects of which a value of ``field`` (``$name``, ``$website``, ``$email``) equals one of ``names``, as ``fold`` sees it.

    By one filtered call a name, or by reading the whole list where that is fewer requests. Raises as ``key_info`` does.
    """
    wanted = {fold(field, name): name.strip() for name in names if name.strip()}
    if not wanted:
        return ()
    listing = _objects(client, kind)
    first = await read_page(reader, listing, 0)
    if _whole_list_is_cheaper(first, len(wanted)):
        records = await read_all(reader, listing, first)
    else:
        records = await _filtered(reader, partial(_objects, client, kind), field, wanted.values())
    found = {record.id: record for record in (understood(NamedObject.read, each) for each in records)}
    return tuple(each for each in found.values() if any(fold(field, text) in wanted for text in each.texts.get(field, ())))


def fold(field: str, text: str) -> str:
    """The form in which values of ``field`` are compared: blanks and case aside, and of a website its host and path alone."""
    folded = " ".join(text.casefold().split())
    if field != "$website":
        return folded
    try:
        parts = urlsplit(folded if "//" in folded else f"//{folded}")
    except ValueError:
        return folded
    return f"{parts.netloc.removeprefix('www.')}{parts.path}".rstrip("/")


def _whole_list_is_cheaper(first: Page, names: int) -> bool:
    if len(first.records) < PAGE_SIZE:
        return True
    return first.total is not None and math.ceil(first.total / PAGE_SIZE) - 1 <= names


async def _filtered(reader: Reader, listing: Callable[[str, str], Listing], field: str, names: Collection[str]) -> list[dict[str, object]]:
    gate = asyncio.Semaphore(PAGES_AT_ONCE)

    async def of(name: str) -> list[dict[str, object]]:
        async with gate:
            return await read_all(reader, listing(*_filter(field, name)))

    return [record for records in await gather([of(name) for name in names]) for record in records]


def _filter(field: str, name: str) -> tuple[str, str]:
    if field not in _LIST_FIELDS:
        return f"{field}[equal]", name
    # The stored URL may be longer or shorter than ours by its scheme; what both hold is the bare form.
    return f"{field}[contains]", fold(field, name) if field == "$website" else name


def _objects(client: LightfieldClient, kind: ObjectKind, filter_name: str | None = None, value: str = "") -> Listing:
    filters = {filter_name: value} if filter_name else {}

    async def call(limit: int, offset: int) -> Answer:
        return await client.list_objects(kind, limit, offset, filters)

    return Listing(call, f"{kind}:read")


def _tasks(client: LightfieldClient, *, trashed: bool) -> Listing:
    async def call(limit: int, offset: int) -> Answer:
        return await client.list_tasks(limit, offset, trashed=trashed)

    return Listing(call, "tasks:restore" if trashed else "tasks:read")
