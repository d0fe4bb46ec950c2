"""Who and what is in the workspace: members, accounts, opportunities, contacts?"""

from __future__ import annotations

import asyncio
import math
import re
import unicodedata
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from etl.lightfield.answer import Answer, Category
from etl.lightfield.client import PAGE_SIZE, LightfieldClient, ObjectKind
from etl.lightfield.models import Definitions, KeyInfo, Member, NamedObject
from etl.lightfield.pages import PAGES_AT_ONCE, Listing, Page, Reader, gather, read_all, read_page, understood

WEBSITE = "$website"

PAGES_TO_BE_SURE = 400
"""A list of so many pages is read to be sure that a name is not in it: 16 s at 25 requests a second."""

SHARED_HOSTS = frozenset(
    {"linkedin.com", "facebook.com", "instagram.com", "x.com", "twitter.com", "youtube.com", "github.com", "linktr.ee", "sites.google.com"}
)
"""Hosts where each page is another company's: only with its path is an address there somebody's website."""

_LIST_FIELDS = frozenset({WEBSITE, "$email"})
"""Fields that hold several values: filtered by ``contains``, as ``equal`` is not offered for them."""

_Index = dict[str | None, dict[str, NamedObject]]
"""From a text in its comparable form to the records that have it, by id."""

_SCHEME = re.compile(r"^(?:[a-z][a-z0-9+.\-]*:)?//")


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


@dataclass(frozen=True, slots=True)
class Found:
    """What a search read.

    Attributes:
        objects: Every record that was read, those that nobody asked for too.
        complete: They are the whole list: a name that none of them has is not there.
    """

    objects: tuple[NamedObject, ...]
    complete: bool


async def first_page(reader: Reader, client: LightfieldClient, kind: ObjectKind) -> Page:
    """The first records of a list, and its length; needs ``<kind>:read``. Raises as ``key_info`` does."""
    return await read_page(reader, _objects(client, kind), 0)


async def search_objects(  # noqa: PLR0913, PLR0917  what to ask, and whom
    reader: Reader, client: LightfieldClient, kind: ObjectKind, field: str, names: Collection[str], asked: Awaitable[Page] | None = None
) -> Found:
    """The objects that ``records_by_name`` can find the names among.

    By one filtered call a name, or by reading the whole list where that is fewer requests. Lightfield's documents don't say whether
    its filters mind case and blanks, so the whole list is read, too, when a filter finds nothing and the list is not very long.
    ``asked`` is the list's first page where somebody has asked for it already. Raises as ``key_info`` does.
    """
    wanted = {fold(field, name): name.strip() for name in names if name.strip()}
    if not wanted:
        return Found((), complete=False)
    listing = _objects(client, kind)
    first = await (first_page(reader, client, kind) if asked is None else asked)
    if _whole_list_is_cheaper(first, len(wanted)):
        return Found(_named(await read_all(reader, listing, first)), complete=True)
    filtered = _named(await _filtered(reader, partial(_objects, client, kind), field, wanted.values()))
    if len(records_by_name(field, wanted.values(), filtered)) < len(wanted) and _is_short_enough(first):
        return Found(_named(await read_all(reader, listing, first)), complete=True)
    return Found(filtered, complete=False)


def _named(records: Iterable[dict[str, object]]) -> tuple[NamedObject, ...]:
    found = {record.id: record for record in (understood(NamedObject.read, each) for each in records)}
    return tuple(found.values())


def records_by_name(field: str, names: Iterable[str], objects: Iterable[NamedObject]) -> dict[str, tuple[NamedObject, ...]]:
    """For each name, the objects of which a value of ``field`` equals it as ``fold`` sees it; names that none has are left out.

    A website that equals none with its path is compared by its host alone, unless that host is home to many companies.
    """
    exact, by_host = _indexed(field, objects)
    found = {name: exact.get(fold(field, name)) or by_host.get(host_of(name)) for name in names}
    return {name: tuple(records.values()) for name, records in found.items() if records}


def _indexed(field: str, objects: Iterable[NamedObject]) -> tuple[_Index, _Index]:
    exact: _Index = {}
    by_host: _Index = {}
    for each in objects:
        for text in each.texts.get(field, ()):
            exact.setdefault(fold(field, text), {})[each.id] = each
            host = host_of(text) if field == WEBSITE else None
            if host is not None:
                by_host.setdefault(host, {})[each.id] = each
    return exact, by_host


def fold(field: str, text: str) -> str:
    """The form in which values of ``field`` are compared: blanks and case aside, and of a website its host and path alone."""
    folded = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    if field != WEBSITE:
        return folded
    parts = _address(folded)
    return folded if parts is None else f"{parts[0]}{parts[1]}"


def host_of(website: str) -> str | None:
    """The host that stands for a company; None where there is none, and for hosts where each page is another company's."""
    parts = _address(" ".join(website.casefold().split()))
    return None if parts is None or parts[0] in SHARED_HOSTS else parts[0]


def _address(folded: str) -> tuple[str, str] | None:
    """Host without ``www.`` and port, and path without the slash at its end; None where there is no host."""
    try:
        parts = urlsplit("//" + _SCHEME.sub("", folded))
        host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    except ValueError:
        return None
    return (host, parts.path.rstrip("/")) if host else None


def _whole_list_is_cheaper(first: Page, names: int) -> bool:
    if len(first.records) < PAGE_SIZE:
        return True
    return first.total is not None and math.ceil(first.total / PAGE_SIZE) - 1 <= names


def _is_short_enough(first: Page) -> bool:
    return first.total is not None and first.total <= PAGE_SIZE * PAGES_TO_BE_SURE


async def _filtered(reader: Reader, listing: Callable[[str, str], Listing], field: str, names: Collection[str]) -> list[dict[str, object]]:
    gate = asyncio.Semaphore(PAGES_AT_ONCE)

    async def of(name: str) -> list[dict[str, object]]:
        async with gate:
            return await read_all(reader, listing(*_filter(field, name)))

    return [record for records in await gather([of(name) for name in names]) for record in records]


def _filter(field: str, name: str) -> tuple[str, str]:
    if field not in _LIST_FIELDS:
        return f"{field}[equal]", name
    # The stored URL may be longer or shorter than ours by scheme and path; what both hold is the bare host.
    return f"{field}[contains]", (host_of(name) or fold(field, name)) if field == WEBSITE else name.strip()


def _objects(client: LightfieldClient, kind: ObjectKind, filter_name: str | None = None, value: str = "") -> Listing:
    filters = {filter_name: value} if filter_name else {}

    async def call(limit: int, offset: int) -> Answer:
        return await client.list_objects(kind, limit, offset, filters)

    return Listing(call, f"{kind}:read")
