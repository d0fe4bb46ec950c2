"""What do the side files that ``values`` names say? Read once, into mappings."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from etl.config.columns import find_column
from etl.config.fields import ValuesFile
from etl.config.model import ReadConfig
from etl.transform.faults import Faults, listed, nearest

SideFiles = Mapping[tuple[str, ValuesFile], Mapping[str, str]]
"""From target and step of its ``values`` to translations."""

LOOKUPS_FILE = "lookups.csv"
"""Written by ``check``; where there is none yet, nothing is translated."""

_LOOKUPS_COLUMNS = ("field", "value", "use")
_DELIMITERS = (",", ";", "\t")
_GUARDED = r"^'([=+\-@\t\r])"


def read_side_files(config: ReadConfig) -> SideFiles:
    """All side files of the map.

    Raises:
        ConfigError: A file cannot be read, lacks a column, or says two things of one word; all faults at once.
    """
    faults = Faults(config)
    found = collect_side_files(config, faults)
    faults.raise_if_any()
    return found


def collect_side_files(config: ReadConfig, faults: Faults) -> SideFiles:
    """``read_side_files`` whose faults join others; a step with a fault is empty."""
    found: dict[tuple[str, ValuesFile], Mapping[str, str]] = {}
    for target, rule in config.job.map.items():
        for step in rule.values:
            if isinstance(step, ValuesFile):
                try:
                    found[target, step] = _read_step(config.folder, target, step)
                except ValueError as error:
                    faults.add(str(error), "map", target, "values")
                    found[target, step] = {}
    return found


def _read_step(folder: Path, target: str, step: ValuesFile) -> Mapping[str, str]:
    if step.from_column is None and step.to_column is None:
        return _read_lookups(folder, target, step)
    if step.from_column is None or step.to_column is None:
        raise ValueError(f"side file {step.file!r} needs both `from` and `to`")
    return _pairs(_read_columns(folder, step.file, (step.from_column, step.to_column)), step.file)


def _read_lookups(folder: Path, target: str, step: ValuesFile) -> Mapping[str, str]:
    if Path(step.file).name == LOOKUPS_FILE and not (folder / step.file).exists():
        return {}
    frame = _read_columns(folder, step.file, _LOOKUPS_COLUMNS)
    chosen = frame.filter(pl.col("field").str.strip_chars() == target, pl.col("use").str.strip_chars() != "")
    # Cells that a spreadsheet would run as a formula were written with an apostrophe before them.
    return _pairs(chosen.select(pl.col("value", "use").str.replace(_GUARDED, "${1}")), step.file)


def _pairs(frame: pl.DataFrame, file: str) -> Mapping[str, str]:
    pairs: dict[str, str] = {}
    for word, result in frame.drop_nulls().iter_rows():
        if pairs.setdefault(word.strip(), result.strip()) != result.strip():
            raise ValueError(f"side file {file!r} translates {word.strip()!r} twice: to {pairs[word.strip()]!r} and {result.strip()!r}")
    return pairs


def _read_columns(folder: Path, file: str, columns: tuple[str, ...]) -> pl.DataFrame:
    frame = _read_file(folder, file)
    own_names = {column: find_column(frame.columns, [column]) for column in columns}
    for column, own in own_names.items():
        if own is None:
            near = nearest(column, frame.columns)
            hint = f"; nearest: {near!r}" if near else ""
            raise ValueError(f"side file {file!r} has no column {column!r}{hint}; its columns are: {listed(frame.columns)}")
    return frame.select(pl.col(own).cast(pl.String).alias(column) for column, own in own_names.items() if own is not None)


def _read_file(folder: Path, file: str) -> pl.DataFrame:
    path = folder / file
    try:
        if path.suffix.lower() == ".parquet":
            return pl.read_parquet(path)
        text = _decode(path.read_bytes())
        header = text.partition("\n")[0]
        delimiter = max(_DELIMITERS, key=header.count)
        return pl.read_csv(io.BytesIO(text.encode()), separator=delimiter, infer_schema=False)
    except FileNotFoundError:
        raise ValueError(f"side file {file!r} does not exist; it is looked for in the config's folder") from None
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error).partition("\n")[0]
        raise ValueError(f"side file {file!r} cannot be read: {reason}") from None


def _decode(data: bytes) -> str:
    # A Salesforce backup is ISO-8859-1; cp1252 is its superset but for five bytes.
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")
