"""What does Lightfield know under the names that the data asks for, and what else that is like them?"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from etl.config.fields import LookupName
from etl.jobs.connect import Connection
from etl.lightfield.client import ObjectKind
from etl.lightfield.directory import Found, fold, records_by_name, search_objects
from etl.lightfield.models import Member, NamedObject
from etl.transform.lookups import LookupTable, LookupTables, build_table, normalise_names
from etl.transform.suggest import Known

OBJECTS: Mapping[LookupName, tuple[ObjectKind, str]] = {
    "account.name": ("accounts", "$name"),
    "account.website": ("accounts", "$website"),
    "opportunity.name": ("opportunities", "$name"),
    "contact.email": ("contacts", "$email"),
}
"""Look-ups of records that are many, so that Lightfield is asked for names: their kind, and the field that holds the name."""

_PICKED = re.compile(r"(?P<name>.*\S)\s+\((?P<id>\S+)\)")


@dataclass(frozen=True, slots=True)
class Directory:
    """What was found.

    Attributes:
        tables: For each look-up, from names to ids.
        known: For each look-up, all names that were read: for suggestions.
        emails: Of members, by id.
        unread: Look-ups that lack a name, and whose whole list is too long to be read for it.
    """

    tables: LookupTables
    known: Mapping[LookupName, Known] = field(default_factory=dict)
    emails: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[LookupName, ...] = ()


async def look_up(connection: Connection, names: Mapping[LookupName, Collection[str]]) -> Directory:
    """Find the names of each look-up.

    Beside its names, each record has one that is its alone: the name with the id in brackets, ``Globex (acc_12)``; so people can say
    which of two they mean.

    Raises:
        KeyRefusedError, ServiceDownError: As the directory does.
    """
    members = connection.members or ()
    asked = {lookup: tuple(names[lookup]) for lookup in names if lookup in OBJECTS}
    answers = await asyncio.gather(*(_search(connection, lookup, asked[lookup]) for lookup in asked))
    found = dict(zip(asked, answers, strict=True))
    tables = {lookup: _table(lookup, members, asked, found) for lookup in names}
    return Directory(
        tables=tables,
        known={lookup: _known(lookup, members, found) for lookup in names},
        emails={member.id: member.email for member in members if member.email},
        unread=tuple(lookup for lookup, each in found.items() if not each.complete and _lacks(tables[lookup], asked[lookup])),
    )


def _lacks(table: LookupTable, names: Collection[str]) -> bool:
    return any(name not in table.ids and name not in table.ambiguous for name in normalise_names(list(names)))


def member_table(lookup: LookupName, members: Iterable[Member]) -> LookupTable:
    """The members, by e-mail or by name."""
    return build_table(_member_entries(lookup, members))


def one_of_each(lookup: LookupName, names: Iterable[str]) -> frozenset[str]:
    """The names without those that mean the same as another: for a sandbox that makes a record of each."""
    field_name = OBJECTS[lookup][1] if lookup in OBJECTS else "$name"
    return frozenset({fold(field_name, name): name for name in sorted(names, reverse=True)}.values())


def pick(name: str, record_id: str) -> str:
    """The name that is this record's alone."""
    return f"{name} ({record_id})"


async def _search(connection: Connection, lookup: LookupName, names: Collection[str]) -> Found:
    kind, field_name = OBJECTS[lookup]
    asked = connection.first_pages.of(kind)
    return await search_objects(connection.reader, connection.client, kind, field_name, {*names, *_bare(names)}, asked)


def _bare(names: Iterable[str]) -> Iterator[str]:
    """The names of those that may be a name with an id in brackets."""
    for name in names:
        picked = _PICKED.fullmatch(name.strip())
        if picked:
            yield picked["name"]


def _table(
    lookup: LookupName, members: Iterable[Member], asked: Mapping[LookupName, Collection[str]], found: Mapping[LookupName, Found]
) -> LookupTable:
    if lookup not in OBJECTS:
        return member_table(lookup, members)
    return build_table(_object_entries(OBJECTS[lookup][1], found[lookup].objects, asked[lookup]))


def _member_entries(lookup: LookupName, members: Iterable[Member]) -> Iterator[tuple[str, str, str]]:
    for member in members:
        label = f"{member.name or member.email} <{member.email}> ({member.id})"
        name = member.email if lookup == "member.email" else member.name
        # An e-mail tells apart those who share a name.
        for text in (name, name and pick(name, member.id), member.email):
            if text:
                yield text, member.id, label


def _object_entries(field_name: str, objects: Iterable[NamedObject], names: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """As the data writes it, so that the tables' own comparison finds it again: a website has many spellings."""
    by_name = records_by_name(field_name, {*names, *_bare(names)}, objects)
    for name in names:
        for each in by_name.get(name, ()):
            yield name, each.id, _label(name, each)
        picked = _PICKED.fullmatch(name.strip())
        for each in by_name.get(picked["name"], ()) if picked else ():
            if picked and each.id == picked["id"]:
                yield name, each.id, _label(name, each)


def _label(name: str, record: NamedObject) -> str:
    label = pick(record.name or name, record.id)
    return f"{label} {record.http_link}" if record.http_link else label


def _known(lookup: LookupName, members: Iterable[Member], found: Mapping[LookupName, Found]) -> Known:
    if lookup == "member.email":
        return [(text, member.email) for member in members if member.email for text in (member.email, member.name) if text]
    if lookup == "member.name":
        return [(text, member.name) for member in members if member.name for text in (member.name, member.email) if text]
    return [(text, text) for each in found[lookup].objects for text in each.texts.get(OBJECTS[lookup][1], ())]
