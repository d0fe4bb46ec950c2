"""Which records do the names in the data mean?"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from etl.config.fields import LookupName
from etl.config.model import JobConfig
from etl.extract.scan import OpenSource
from etl.jobs.connect import Connection
from etl.jobs.day_order import DatesLook, order_of_the_run_before
from etl.jobs.passes import Input, compile_all, content_counters, drained, say_notes
from etl.jobs.session import Session
from etl.jobs.tables import OBJECTS, Directory, look_up, member_table, one_of_each
from etl.jobs.unsettled import LookupsFile, Unsettled, open_lookups
from etl.lightfield.directory import all_members
from etl.lightfield.models import Member
from etl.load.stop import StopSwitch
from etl.report.wording import CHECK
from etl.transform.compile import Recipe
from etl.transform.lookups import NOUNS, build_resolver, unchecked_tables
from etl.transform.mentions import constant_names, targets_with_several
from etl.transform.resolve import Record, Resolution
from etl.transform.side_files import SideFiles, read_side_files
from etl.transform.wanted import WantedNames
from etl.transform.words import WordCount, judged, most_frequent, no_words

_NAMES_AT_ONCE = 100_000
_NOT_COMPARED = (
    "some were not found by Lightfield's own filter, for which case and blanks may matter; the whole list is too long to be compared"
)


async def resolve_input(session: Session, connection: Connection, source: OpenSource, stop: StopSwitch) -> Input:
    """Find out which names the data asks for, look them up, and compile the map with what was found.

    Raises:
        ConfigError: The map cannot be used on a file; all faults at once.
        KeyRefusedError, ServiceDownError: As the directory does.
    """
    job, practice = session.config.job, session.around.practice
    side_files = read_side_files(session.config, source.side_tables)
    # Compiled first with tables that know everything: faults of the map come to light before anybody is asked.
    recipes = compile_all(session, source.files, unchecked_tables(job), side_files, connection.many)
    say_notes(session, recipes)
    dates = DatesLook(session, recipes, await order_of_the_run_before(session, connection, source))
    lookups = open_lookups(session) if session.request.command == CHECK else None
    words = WordCount(_known(recipes, None if practice else connection.members), no_words() if lookups is None else lookups.filled_in())
    if practice or lookups is not None or any(lookup in OBJECTS for lookup in _lookups_of(job)):
        words = await drained(_words_of(session, source, recipes, words, dates), stop)
    await drained(dates.settled(source), stop)
    names = _names(job, words, side_files)
    if practice:
        learned = practice.learn_names({lookup: one_of_each(lookup, asked) for lookup, asked in names.items()})
        session.around.voice.say("info", "practice", learned)
        connection = replace(connection, members=await all_members(connection.reader, connection.client))
    directory = await look_up(connection, names)
    for lookup in directory.unread:
        session.around.voice.say("info", "not_compared", f"{NOUNS[lookup]}: {_NOT_COMPARED}", lookup=lookup)
    limit = session.request.limit
    final = compile_all(session, source.files, directory.tables, side_files, connection.many)
    return Input(
        source=source,
        recipes=final,
        limit=limit,
        counters=await asyncio.to_thread(content_counters, job, source, limit),
        unsettled=await asyncio.to_thread(_unsettled, final, words, directory, lookups) if lookups is not None else None,
    )


def _known(recipes: Sequence[Recipe], members: Sequence[Member] | None) -> dict[str, Resolution]:
    """What gives words their meaning before the data was read: all but the records that Lightfield is asked for by name."""
    known: dict[str, Resolution] = {}
    for field in recipes[0].fields:
        lookup = field.rule.lookup
        if field.has_words and lookup is None:
            known[field.target] = field.chain.resolution
        elif lookup is not None and lookup not in OBJECTS and members is not None:
            known[field.target] = Record(lookup, build_resolver(member_table(lookup, members)))
    return known


def _unsettled(recipes: Sequence[Recipe], words: WordCount, directory: Directory, lookups: LookupsFile) -> Unsettled:
    found = judged(recipes[0].fields, words.total())
    kept = found.join(lookups.filled_in(), on=["field", "key"], how="semi", maintain_order="left")
    lost, beyond = most_frequent(found.filter(pl.col("code").is_not_null()), words.beyond)
    return Unsettled(lookups, pl.concat([lost, kept]).unique(maintain_order=True), directory, beyond)


def offline_input(session: Session, source: OpenSource) -> Input:
    """The same without asking anybody: every name is accepted, and counted as unchecked.

    Raises:
        ConfigError: The map cannot be used on a file.
    """
    job, limit = session.config.job, session.request.limit
    side_files = read_side_files(session.config, source.side_tables)
    recipes = compile_all(session, source.files, unchecked_tables(job), side_files, targets_with_several(job))
    say_notes(session, recipes)
    dates = DatesLook(session, recipes)
    words = WordCount(_known(recipes, None), no_words())
    for _ in _words_of(session, source, recipes, words, dates):
        pass
    for _ in dates.settled(source):
        pass
    recipes = compile_all(session, source.files, unchecked_tables(job), side_files, targets_with_several(job))
    unchecked = sum(len(names) for names in _names(job, words, side_files).values())
    return Input(source, recipes, limit, content_counters(job, source, limit), unchecked)


def _words_of(session: Session, source: OpenSource, recipes: Sequence[Recipe], words: WordCount, dates: DatesLook) -> Iterator[WordCount]:
    """One pass over the columns whose words stand for something in Lightfield; ``words`` counts them.

    ``dates`` looks on, unless it has to see more rows than there are within the limit.
    """
    limit = session.request.limit
    columns = [(*recipe.lookup_columns, *(dates.columns(index) if limit is None else ())) for index, recipe in enumerate(recipes)]
    if any(recipe.lookup_columns for recipe in recipes):
        wanted, file = WantedNames(recipes[0]), recipes[0].file.index
        for raw in source.batches(limit=limit, columns=columns, rows_per_batch=_NAMES_AT_ONCE, quick=True):
            if limit is None:
                dates.add(raw)
            if raw.file.index != file or wanted.is_full:
                words.add(wanted.take_words())
                wanted, file = WantedNames(recipes[raw.file.index]), raw.file.index
            wanted.add(raw)
            yield words
        words.add(wanted.take_words())
        if limit is None:
            dates.settle()
    yield words


def _names(job: JobConfig, words: WordCount, side_files: SideFiles) -> dict[LookupName, frozenset[str]]:
    """For each look-up, the names that it is asked for: those of the data that have no meaning yet, and the map's own constants."""
    found = words.total()
    constants = constant_names(job, side_files)
    return {lookup: frozenset(found.filter(pl.col("lookup") == lookup)["name"]) | constants[lookup] for lookup in _lookups_of(job)}


def _lookups_of(job: JobConfig) -> tuple[LookupName, ...]:
    """Each once, in the order of the map."""
    return tuple(dict.fromkeys(rule.lookup for rule in job.map.values() if rule.lookup))
