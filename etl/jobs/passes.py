"""How is the input read, once for each pass, as prepared batches?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from etl.config.columns import find_column, fold_column
from etl.config.model import CONTENT_KEY, JobConfig
from etl.config.provenance import is_said_by_preset
from etl.errors import SettingsError, SourceError
from etl.extract.scan import OpenSource, open_source
from etl.frames import PreparedBatch, RawBatch, SourceFile
from etl.jobs.connect import Connection, connect, scopes_to_map, scopes_to_write
from etl.jobs.session import Session
from etl.jobs.standard_input import StoppableInput
from etl.jobs.threads import mapped_ahead
from etl.jobs.unsettled import Unsettled
from etl.ledger.keyspec import KeySpec
from etl.load.stop import StopSwitch
from etl.transform.compile import Recipe, compile_recipe
from etl.transform.identity import ContentCensus, ContentCounter
from etl.transform.judge import Judge
from etl.transform.lookups import LookupTables
from etl.transform.mentions import mentioned_columns
from etl.transform.prepare import prepare
from etl.transform.side_files import SideFiles

Item = TypeVar("Item")

LOOK_AHEAD_ROWS = 25_000
"""Rows in a batch of the first pass: larger steps are faster, and take more memory."""

_JUDGED_ROWS = 50_000
"""The same where rows are judged alone, which takes less of it."""


def open_input(session: Session, stop: StopSwitch) -> OpenSource:
    """Open DATA, or the config's own path; its notes are said aloud.

    Raises:
        EtlError: The job was asked to stop while standard input was read.
        SettingsError: No input was named.
        SourceError: Some file cannot be used.
    """
    request, job = session.request, session.config.job
    folder = session.around.working_folder if request.data else session.config.folder
    patterns = request.data or job.source.path
    if not patterns:
        raise SettingsError("no input: name files after the config, or set source.path in it", next_step=f"{request.typed} FILE")
    try:
        source = open_source(
            job.source,
            patterns,
            folder,
            names=mentioned_columns(job),
            scratch=session.scratch / "source",
            stdin=None if session.around.stdin is None else StoppableInput(session.around.stdin, stop),
            spare=is_said_by_preset(session.config, "source", "exclude"),
        )
    except SourceError as error:
        if not error.setting:
            raise
        raise SourceError(f"{session.config.where(*error.setting)}: {error.message}", next_step=error.next_step) from None
    session.cleanup.callback(source.close)
    session.files = source.files
    for file in source.files:
        for note in file.notes:
            session.around.voice.say("info", "assumed", f"{file.path}: {note}", file=file.path)
    return source


async def open_and_connect(session: Session, stop: StopSwitch, *, writes: bool) -> tuple[OpenSource, Connection]:
    """Open the input while Lightfield is asked who is there; where both fail, it is the input that is told.

    Raises:
        SettingsError, SourceError: As ``open_input``.
        EtlError: As ``connect``.
    """
    scopes = [*(scopes_to_write(session) if writes else []), *scopes_to_map(session.config)]
    connecting = asyncio.create_task(connect(session, stop, scopes=scopes))
    try:
        source = await asyncio.to_thread(open_input, session, stop)
    except BaseException:
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
        raise
    return source, await connecting


def compile_all(
    session: Session, files: Sequence[SourceFile], tables: LookupTables, side_files: SideFiles, many: frozenset[str]
) -> list[Recipe]:
    """A recipe for each file.

    Raises:
        ConfigError: The map cannot be used on a file.
    """
    return [compile_recipe(session.config, file, tables, many=many, side_files=side_files) for file in files]


def say_notes(session: Session, recipes: Sequence[Recipe]) -> None:
    """What the map assumes of each file, said aloud."""
    for recipe in recipes:
        for note in recipe.notes:
            session.around.voice.say("info", "assumed", f"{recipe.file.path}: {note}", file=recipe.file.path)


def key_spec(job: JobConfig, files: Sequence[SourceFile]) -> KeySpec:
    """By what this input's rows are identified."""
    if not job.source.key_is_content:
        return KeySpec(
            tuple(_resolved(part, files) for part in job.source.key),
            aliases=tuple(tuple(map(fold_column, part)) for part in job.source.key),
        )
    return KeySpec((CONTENT_KEY,), tuple(sorted({fold_column(column) for file in files for column in file.columns})))


def _resolved(aliases: Sequence[str], files: Sequence[SourceFile]) -> str:
    """The folded name of a key's column in the first of the files that has one; the first alias where none has."""
    found = (find_column(file.columns, aliases) for file in files)
    return fold_column(next((column for column in found if column is not None), aliases[0]))


@dataclass(slots=True)
class Input:
    """The opened input with its recipes; each pass reads it anew.

    Attributes:
        limit: Only the first N rows; None for all.
        counters: Makes the counter of a pass, for ``key: content``; None otherwise.
        unchecked: Names that nobody was asked about.
        unsettled: Words that stand for nothing in Lightfield; None where nobody asked.
    """

    source: OpenSource
    recipes: Sequence[Recipe]
    limit: int | None
    counters: Callable[[], ContentCounter] | None = None
    unchecked: int = 0
    unsettled: Unsettled | None = None

    def judged(self) -> Iterator[PreparedBatch]:
        """One pass that only looks, with all the source's columns; see ``Judge``."""
        judges = [Judge(recipe) for recipe in self.recipes]
        return self._mapped(lambda raw, counter: judges[raw.file.index].judge(raw, counter), _JUDGED_ROWS, None)

    def prepared(self, *, rows_per_batch: int, whole_rows: bool, with_digests: bool = True) -> Iterator[PreparedBatch]:
        """One pass.

        Args:
            rows_per_batch: At most so many rows in a batch.
            whole_rows: Keep all the source's columns (reports need them); else only those that the map reads.
            with_digests: See ``prepare``.
        """
        columns = None if whole_rows else [recipe.columns for recipe in self.recipes]

        def mapped(raw: RawBatch, counter: ContentCounter | None) -> PreparedBatch:
            return prepare(self.recipes[raw.file.index], raw, counter, with_digests=with_digests)

        return self._mapped(mapped, rows_per_batch, columns)

    def _mapped(
        self,
        function: Callable[[RawBatch, ContentCounter | None], PreparedBatch],
        rows_per_batch: int,
        columns: Sequence[Sequence[str]] | None,
    ) -> Iterator[PreparedBatch]:
        counter = self.counters() if self.counters else None
        batches = self.source.batches(rows_per_batch=rows_per_batch, limit=self.limit, columns=columns)

        def mapped(raw: RawBatch) -> PreparedBatch:
            return function(raw, counter)

        # Identical rows are numbered in input order; everything else about a batch depends on that batch alone.
        return map(mapped, batches) if counter else mapped_ahead(mapped, batches)


def content_counters(job: JobConfig, source: OpenSource, limit: int | None) -> Callable[[], ContentCounter] | None:
    """The pass that ``key: content`` needs before all others: which rows occur more than once. None for other keys."""
    if not job.source.key_is_content:
        return None
    census = ContentCensus()
    for raw in source.batches(limit=limit, rows_per_batch=LOOK_AHEAD_ROWS):
        census.add(raw)
    return census.counter


def until_asked(items: Iterator[Item], stop: StopSwitch) -> Iterator[Item]:
    """The items of a pass in a thread.

    Raises:
        EtlError: The job was asked to stop; that ends the pass between two batches.
    """
    for item in items:
        if stop.asked:
            raise stop.verdict()
        yield item


async def drained(items: Iterator[Item], stop: StopSwitch) -> Item:
    """The last item of a pass, which runs in a thread.

    Raises:
        EtlError: The job was asked to stop; that ends the pass between two batches.
    """

    def pull() -> Item:
        last = next(items)
        for item in items:
            last = item
            if stop.asked:
                raise stop.verdict()
        return last

    return await asyncio.to_thread(pull)
