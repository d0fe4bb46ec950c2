"""What do the side files that ``values`` names say? Read once, into translations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import polars as pl

from etl.cells import unprotect
from etl.config.fields import ValuesFile
from etl.config.model import ReadConfig
from etl.config.provenance import is_said_by_preset
from etl.errors import SourceError
from etl.transform.faults import Faults
from etl.transform.values import RESULT, WORD, Translation, translation_of

SideFiles = Mapping[tuple[str, ValuesFile], Translation]
"""From target and step of its ``values`` to what it translates."""

LOOKUPS_FILE = "lookups.csv"
"""Written by ``check``; where there is none yet, nothing is translated."""

_LOOKUPS_COLUMNS = ("field", "value", "use")


class SideTables(Protocol):
    """What opens side files: ``extract.side_table.SideTables``."""

    def has(self, file: str, folder: Path) -> bool:
        """Is there such a file? Arguments as ``read``.

        Raises:
            SourceError: A place where it may lie cannot be looked into.
        """
        ...

    def read(self, file: str, folder: Path, columns: tuple[str, ...]) -> pl.DataFrame:
        """Columns of a side file (String), under the names that were asked for.

        Args:
            file: As the config names it.
            folder: The config's.
            columns: Their names.

        Raises:
            SourceError: There is no such file, it cannot be read, or it lacks a column.
        """
        ...


def read_side_files(config: ReadConfig, tables: SideTables) -> SideFiles:
    """All side files of the map; without those that only a preset names, and that are not there.

    Raises:
        ConfigError: A file cannot be read, lacks a column, or says two things of one word; all faults at once.
    """
    faults = Faults(config)
    found: dict[tuple[str, ValuesFile], Translation] = {}
    for target, rule in config.job.map.items():
        for step in rule.values:
            if isinstance(step, ValuesFile):
                try:
                    if _is_spared(config, target, step, tables):
                        continue
                    found[target, step] = translation_of(_pairs(config.folder, target, step, tables))
                except ValueError as error:
                    faults.add(str(error), "map", target, "values")
                except SourceError as error:
                    faults.add(f"{error.message}; {error.next_step}", "map", target, "values")
    faults.raise_if_any()
    return found


def _is_spared(config: ReadConfig, target: str, step: ValuesFile, tables: SideTables) -> bool:
    """``lookups.csv`` may be missing whoever names it, and translates nothing then."""
    is_lookups = step.from_column is None and step.to_column is None
    return not is_lookups and is_said_by_preset(config, "map", target, "values") and not tables.has(step.file, config.folder)


def _pairs(folder: Path, target: str, step: ValuesFile, tables: SideTables) -> pl.DataFrame:
    """WORD and RESULT: trimmed, filled, each word once."""
    if step.from_column is None and step.to_column is None:
        frame = _lookups(folder, target, step, tables)
    elif step.from_column is None or step.to_column is None:
        raise ValueError(f"side file {step.file!r} needs both `from` and `to`")
    else:
        frame = tables.read(step.file, folder, (step.from_column, step.to_column))
    word, result = (pl.nth(place).str.strip_chars() for place in (0, 1))
    return _distinct(frame.select(word.alias(WORD), result.alias(RESULT)).drop_nulls(), step.file)


def _lookups(folder: Path, target: str, step: ValuesFile, tables: SideTables) -> pl.DataFrame:
    if Path(step.file).name == LOOKUPS_FILE and not (folder / step.file).exists():
        return pl.DataFrame(schema={"value": pl.String, "use": pl.String})
    frame = tables.read(step.file, folder, _LOOKUPS_COLUMNS)
    chosen = frame.filter(pl.col("field").str.strip_chars() == target, pl.col("use").str.strip_chars() != "")
    # Cells that a spreadsheet would run as a formula were written with an apostrophe before them.
    return chosen.select(unprotect(pl.col("value", "use")))


def _distinct(pairs: pl.DataFrame, file: str) -> pl.DataFrame:
    distinct = pairs.unique(maintain_order=True)
    twice = distinct.filter(pl.col(WORD).is_duplicated())
    if not twice.is_empty():
        word, first = twice.row(0)
        second = twice.filter(pl.col(WORD) == word)[RESULT][1]
        raise ValueError(f"side file {file!r} translates {word!r} twice: to {first!r} and {second!r}")
    return distinct
