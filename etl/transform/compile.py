"""A config and a file become a recipe: everything that can be known before the first row is worked out here, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etl.config.columns import find_column, fold_column
from etl.config.fields import NOTE, FieldRule
from etl.config.model import ReadConfig
from etl.frames import SourceFile
from etl.task import DESCRIPTION, DUE_AT, REQUIRED_TARGETS, STATUS, TASK_FIELDS
from etl.transform.chain import Chain
from etl.transform.checks import check_rule, check_statuses, usable_formats, usable_time, usable_zone, with_constants
from etl.transform.date_formats import ISO
from etl.transform.dates import DateRule
from etl.transform.faults import Faults, listed, nearest
from etl.transform.identity import KeyPlan
from etl.transform.lookups import LookupTables, build_resolver
from etl.transform.mentions import build_chain
from etl.transform.resolve import AnyText, Instant, PlainId, Record, Resolution, Status
from etl.transform.side_files import SideFiles
from etl.transform.sources import Source, build_source, no_source
from etl.transform.spared import side_file_notes, source_kind, spared, spared_notes


@dataclass(frozen=True, slots=True, eq=False)
class FieldPlan:
    """One target field: where its text comes from, and what becomes of it."""

    target: str
    rule: FieldRule
    source: Source
    chain: Chain
    many: bool

    @property
    def has_words(self) -> bool:
        """Does each of its values stand for something in Lightfield: a status, or a record?"""
        return self.target == STATUS or self.target not in TASK_FIELDS


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """How the rows of one file are prepared.

    Attributes:
        name: The import's name.
        file: The file.
        columns: The file's columns that are read, in file order; with ``key: content`` all of them.
        lookup_columns: Those of them that ``WantedNames`` needs.
        key: How rows are identified.
        fields: In the order of the map.
        null_values: Cells that count as empty.
        stamp: The description ends with the import's name and the source key.
        targets: The target fields of ``PreparedBatch.frame``, in order; with ``$description`` where only a note or a stamp makes it.
        notes: What was assumed of the file, a sentence each.
    """

    name: str
    file: SourceFile
    columns: tuple[str, ...]
    lookup_columns: tuple[str, ...]
    key: KeyPlan
    fields: tuple[FieldPlan, ...]
    null_values: tuple[str, ...]
    stamp: bool
    targets: tuple[str, ...]
    notes: tuple[str, ...] = ()


def compile_recipe(
    config: ReadConfig, file: SourceFile, tables: LookupTables, *, many: frozenset[str] = frozenset(), side_files: SideFiles | None = None
) -> Recipe:
    """The recipe for one file.

    Args:
        config: What the user asked for.
        file: The file, whose columns the map is held against.
        tables: A table for each look-up of the map; ``lookups.unchecked_tables`` where Lightfield was not asked.
        many: The relationships that take several values.
        side_files: From ``read_side_files``; None where the map names none.

    Raises:
        ConfigError: The map cannot be used on this file; the message has every fault, one a line.
        KeyError: ``tables`` lacks a look-up of the map.
    """
    faults = Faults(config)
    workshop = _Workshop(config, file, tables, many, side_files or {}, faults)
    fields = workshop.fields()
    key = workshop.key()
    faults.raise_if_any()
    return _assemble(config, file, fields, key, workshop.notes())


def _assemble(config: ReadConfig, file: SourceFile, fields: Sequence[FieldPlan], key: KeyPlan, notes: tuple[str, ...]) -> Recipe:
    job = config.job
    read = {column for field in fields for column in field.source.columns}.union(key.columns)
    looked_up = {column for field in fields if field.has_words for column in field.source.columns}
    targets = [field.target for field in fields]
    if DESCRIPTION not in targets and (job.stamp or any(field.rule.unknown == NOTE for field in fields)):
        targets.append(DESCRIPTION)
    return Recipe(
        name=job.name,
        file=file,
        columns=file.columns if key.by_content else tuple(column for column in file.columns if column in read),
        lookup_columns=tuple(column for column in file.columns if column in looked_up),
        key=key,
        fields=tuple(fields),
        null_values=job.source.null_values,
        stamp=job.stamp,
        targets=tuple(targets),
        notes=notes,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Workshop:
    """What the building of a recipe's parts shares."""

    config: ReadConfig
    file: SourceFile
    tables: LookupTables
    many: frozenset[str]
    side_files: SideFiles
    faults: Faults

    def fields(self) -> list[FieldPlan]:
        """The plan of each field that has no fault; faults are noted."""
        job = self.config.job
        zone, time_ms = usable_zone(job.timezone, self.faults, "timezone"), usable_time(job.time, self.faults, "time")
        dates = DateRule(timezone=zone, time_ms=time_ms or 0)
        plans = (self._field(target, rule, dates) for target, rule in job.map.items())
        return [plan for plan in plans if plan is not None]

    def key(self) -> KeyPlan:
        """The columns that identify a row."""
        if self.config.job.source.key_is_content:
            return KeyPlan((), by_content=True)
        found = (self._key_part(aliases) for aliases in self.config.job.source.key)
        return KeyPlan(tuple(part for part in found if part), by_content=False)

    def _key_part(self, aliases: Sequence[str]) -> tuple[str, ...]:
        first = self._find(aliases, "source", "key")
        if first is None or not self.file.is_failures_file:
            return () if first is None else (first,)
        # A failures file has the columns of all files that it was made of, and their names for the key may differ.
        return tuple(dict.fromkeys(own for alias in aliases if (own := find_column(self.file.columns, (alias,)))))

    def _field(self, target: str, rule: FieldRule, dates: DateRule) -> FieldPlan | None:
        check_rule(target, rule, self.many, self.faults)
        resolution = self._resolution(target, rule, dates)
        source = self._source(target, rule)
        if source is None:
            return None
        chain = Chain(target, rule, source.described, source.label, build_chain(target, rule, self.side_files), resolution)
        check_statuses(chain, self.faults)
        return FieldPlan(target, rule, source, with_constants(chain, self.faults), many=target in self.many and rule.take == "all")

    def _source(self, target: str, rule: FieldRule) -> Source | None:
        kind, without = source_kind(rule), spared(self.config, target, rule, self.file.columns)
        if without.left_out:
            return no_source(target)
        try:
            find = self._peek if without.columns else lambda aliases: self._find(aliases, "map", target, kind)
            return build_source(target, rule, find, spare=bool(without.columns), also=self._also)
        except ValueError as error:
            self.faults.add(str(error), "map", target, kind)
            return None

    def _resolution(self, target: str, rule: FieldRule, dates: DateRule) -> Resolution:
        if target == DUE_AT:
            return self._instant(rule, dates)
        if target == STATUS:
            return Status()
        if target in TASK_FIELDS:
            return AnyText()
        return PlainId() if rule.lookup is None else Record(rule.lookup, build_resolver(self.tables[rule.lookup]))

    def _instant(self, rule: FieldRule, dates: DateRule) -> Resolution:
        formats = usable_formats(rule.formats or dates.formats, self.faults, "map", DUE_AT, "formats")
        if self.file.encoding is None and ISO not in formats:
            # A typed column keeps its meaning: extract writes its dates in ISO 8601, whatever the formats say of texts.
            formats = (*formats, ISO)
        zone = usable_zone(rule.timezone, self.faults, "map", DUE_AT, "timezone")
        time_ms = usable_time(rule.time, self.faults, "map", DUE_AT, "time")
        return Instant(DateRule(formats, zone or dates.timezone, dates.time_ms if time_ms is None else time_ms))

    def notes(self) -> tuple[str, ...]:
        """What the map does without in this file."""
        fields = self.config.job.map
        without = {target: spared(self.config, target, rule, self.file.columns) for target, rule in fields.items()}
        return (*side_file_notes(fields, self.side_files), *spared_notes(without))

    def _peek(self, aliases: Sequence[str]) -> str | None:
        return find_column(self.file.columns, aliases)

    def _also(self, aliases: Sequence[str]) -> Sequence[str]:
        """All columns that the aliases could mean, of a file that has the columns of several."""
        folded = {fold_column(alias) for alias in aliases}
        return [name for name in self.file.columns if fold_column(name) in folded] if self.file.is_failures_file else ()

    def _find(self, aliases: Sequence[str], *path: str) -> str | None:
        own = find_column(self.file.columns, aliases)
        if own is None:
            wanted = " or ".join(repr(alias) for alias in aliases)
            near = nearest(aliases[0], self.file.columns)
            hint = f"; nearest: {near!r}" if near else ""
            self.faults.add(f"{self.file.path} has no column {wanted}{hint}{_without(path)}", *path)
            self.faults.note(f"the columns of {self.file.path} are: {listed(self.file.columns)}")
        return own


def _without(path: Sequence[str]) -> str:
    """How to do without the column, where a task needs none."""
    is_required = path[0] != "map" or path[1] in REQUIRED_TARGETS
    return "" if is_required else f"; if there is none, write `{path[1]}: null` under map"
