"""Which records do the names in the data mean?"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from etl.config.fields import LookupName
from etl.config.model import JobConfig
from etl.extract.scan import OpenSource
from etl.jobs.connect import Connection
from etl.jobs.passes import Input, compile_all, content_counters, drained
from etl.jobs.session import Session
from etl.lightfield.client import ObjectKind
from etl.lightfield.directory import all_members, fold, objects_named
from etl.lightfield.models import Member, NamedObject
from etl.load.stop import StopSwitch
from etl.report.wording import CHECK
from etl.transform.compile import Recipe
from etl.transform.lookups import LookupTable, LookupTables, build_table, normalise_names, unchecked_tables
from etl.transform.mentions import constant_names, targets_with_several
from etl.transform.prepare import wanted_names
from etl.transform.side_files import SideFiles, read_side_files

_NAMES_AT_ONCE = 100_000

Names = Mapping[LookupName, Mapping[str, int]]
"""For each look-up, the names that it is asked for, and in how many rows each stands; 0 for the map's own constants."""

_OBJECTS: Mapping[LookupName, tuple[ObjectKind, str]] = {
    "account.name": ("accounts", "$name"),
    "account.website": ("accounts", "$website"),
    "opportunity.name": ("opportunities", "$name"),
    "contact.email": ("contacts", "$email"),
}


async def resolve_input(session: Session, connection: Connection, source: OpenSource, stop: StopSwitch) -> Input:
    """Find out which names the data asks for, look them up, and compile the map with what was found.

    Raises:
        ConfigError: The map cannot be used on a file; all faults at once.
        KeyRefusedError, ServiceDownError: As the directory does.
    """
    job, practice = session.config.job, session.around.practice
    side_files = read_side_files(session.config)
    # Compiled first with tables that know everything: faults of the map come to light before anybody is asked.
    recipes = compile_all(session, source.files, unchecked_tables(job), side_files, connection.many)
    names: Names = {}
    if practice or session.request.command == CHECK or any(lookup in _OBJECTS for lookup in _lookups_of(job)):
        names = await drained(_names_asked_for(session, source, recipes, side_files), stop)
    if practice:
        session.around.voice.say("info", "practice", practice.learn_names({lookup: frozenset(rows) for lookup, rows in names.items()}))
        connection = replace(connection, members=await all_members(connection.reader, connection.client))
    tables = await _look_up(connection, job, names)
    limit = session.request.limit
    return Input(
        source=source,
        recipes=compile_all(session, source.files, tables, side_files, connection.many),
        limit=limit,
        counters=await asyncio.to_thread(content_counters, job, source, limit),
        not_found={lookup: _not_found(tables[lookup], rows) for lookup, rows in names.items()},
    )


def offline_input(session: Session, source: OpenSource) -> Input:
    """The same without asking anybody: every name is accepted, and counted as unchecked.

    Raises:
        ConfigError: The map cannot be used on a file.
    """
    job, limit = session.config.job, session.request.limit
    side_files = read_side_files(session.config)
    recipes = compile_all(session, source.files, unchecked_tables(job), side_files, targets_with_several(job))
    last: Names = {}
    for names in _names_asked_for(session, source, recipes, side_files):
        last = names
    unchecked = sum(len(names) for names in last.values())
    return Input(source, recipes, limit, content_counters(job, source, limit), unchecked)


def _names_asked_for(session: Session, source: OpenSource, recipes: Sequence[Recipe], side_files: SideFiles) -> Iterator[Names]:
    """One pass over the columns that look-ups need; yields nothing for each batch, and last every name, the map's constants too."""
    found: dict[LookupName, Counter[str]] = {lookup: Counter() for lookup in _lookups_of(session.config.job)}
    columns = [recipe.lookup_columns for recipe in recipes]
    if found:
        for raw in source.batches(limit=session.request.limit, columns=columns, rows_per_batch=_NAMES_AT_ONCE, quick=True):
            for lookup, name, rows in wanted_names(recipes[raw.file.index], raw).iter_rows():
                found[lookup][name] += rows
            yield {}
    for lookup, names in constant_names(session.config.job, side_files).items():
        found[lookup].update(dict.fromkeys(names, 0))
    yield found


def _not_found(table: LookupTable, rows: Mapping[str, int]) -> list[tuple[str, int]]:
    """The names of the data that no record has, the most frequent first."""
    names = [name for name, number in rows.items() if number]
    known = [key in table.ids or key in table.ambiguous for key in normalise_names(names)]
    lost = ((name, rows[name]) for name, is_known in zip(names, known, strict=True) if not is_known)
    return sorted(lost, key=lambda item: (-item[1], item[0]))


def _lookups_of(job: JobConfig) -> tuple[LookupName, ...]:
    """Each once, in the order of the map."""
    return tuple(dict.fromkeys(rule.lookup for rule in job.map.values() if rule.lookup))


async def _look_up(connection: Connection, job: JobConfig, names: Names) -> LookupTables:
    """A table for each look-up of the map.

    Raises:
        KeyRefusedError, ServiceDownError: As the directory does.
    """
    lookups = _lookups_of(job)
    tables = await asyncio.gather(*(_table(connection, lookup, frozenset(names.get(lookup, ()))) for lookup in lookups))
    return dict(zip(lookups, tables, strict=True))


async def _table(connection: Connection, lookup: LookupName, names: frozenset[str]) -> LookupTable:
    if lookup.startswith("member."):
        return build_table(_member_entries(lookup, connection.members or ()))
    kind, field = _OBJECTS[lookup]
    return build_table(_object_entries(field, await objects_named(connection.reader, connection.client, kind, field, names), names))


def _member_entries(lookup: LookupName, members: Iterable[Member]) -> Iterator[tuple[str, str, str]]:
    for member in members:
        name = member.email if lookup == "member.email" else member.name
        if name:
            yield name, member.id, f"{member.name or member.email} <{member.email}> ({member.id})"


def _object_entries(field: str, objects: Iterable[NamedObject], names: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    asked: dict[str, list[str]] = {}
    for name in names:
        asked.setdefault(fold(field, name), []).append(name)
    for each in objects:
        for text in each.texts.get(field, ()):
            # As the data writes it, so that the tables' own comparison finds it again: a website has many spellings.
            for name in asked.get(fold(field, text), ()):
                yield name, each.id, f"{each.name or text} ({each.id})"
