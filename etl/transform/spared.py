"""Which columns may a file lack? Some of those that a shipped preset names: no organization's export has all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from etl.config.columns import find_column
from etl.config.fields import FieldRule, ValuesFile
from etl.config.model import ReadConfig
from etl.config.provenance import is_said_by_preset
from etl.task import ASSIGNED_TO, TASK_FIELDS
from etl.transform.mentions import rule_columns
from etl.transform.side_files import SideFiles


@dataclass(frozen=True, slots=True)
class Spared:
    """What one field may do without.

    Attributes:
        columns: Named by its template or sql, and not in the file: they are empty.
        left_out: It is a link, and the file has none of its columns: the field is empty.
    """

    columns: tuple[str, ...] = ()
    left_out: bool = False


def source_kind(rule: FieldRule) -> str:
    """The key of the config that says what the field is made of."""
    return next((name for name in ("template", "sql", "value") if getattr(rule, name) is not None), "column")


def spared(config: ReadConfig, target: str, rule: FieldRule, columns: Iterable[str]) -> Spared:
    """What this field may do without in a file with these columns; nothing where users wrote it themselves.

    Titles, statuses, owners, dates and texts are what a task is: one whose columns are all missing is a fault, also in a preset.
    """
    kind, columns = source_kind(rule), tuple(columns)
    absent = tuple(name for name in dict.fromkeys(rule_columns(rule)) if find_column(columns, (name,)) is None)
    if not absent or not is_said_by_preset(config, "map", target, kind):
        return Spared()
    if len(absent) == len(frozenset(rule_columns(rule))):
        return Spared(left_out=target not in TASK_FIELDS and target != ASSIGNED_TO)
    return Spared() if kind == "column" else Spared(absent)


def side_file_notes(fields: Mapping[str, FieldRule], side_files: SideFiles) -> tuple[str, ...]:
    """Which side files of the map are not there, and what that means, in one sentence."""
    absent = [
        (step.file, target)
        for target, rule in fields.items()
        for step in rule.values
        if isinstance(step, ValuesFile) and (target, step) not in side_files
    ]
    if not absent:
        return ()
    files, targets = (", ".join(dict.fromkeys(words)) for words in zip(*absent, strict=True))
    return (f"{files} not found: {targets} are taken as they stand in this file; put it beside the data or the config, or use lookups.csv",)


def spared_notes(fields: Mapping[str, Spared]) -> tuple[str, ...]:
    """What the fields of a map do without, a sentence each for the links and for the columns."""
    links = [target for target, without in fields.items() if without.left_out]
    columns = dict.fromkeys(column for without in fields.values() for column in without.columns)
    notes = []
    if links:
        notes.append(f"no column for {', '.join(links)}: left out; where another column holds it, name that one in your config")
    if columns:
        notes.append(f"the preset reads columns that are not in this file; they count as empty: {', '.join(columns)}")
    return tuple(notes)
