"""Which record is the header, and what are the columns called?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from etl.config.columns import fold_column
from etl.errors import SourceError
from etl.extract.dialect import matches
from etl.extract.encoding import MARK_CHARACTER
from etl.failures_format import FAILURE_COLUMNS, is_failures_file
from etl.frames import RESERVED


@dataclass(frozen=True, slots=True)
class Header:
    """Where the header stands and what it says.

    Attributes:
        row: Its number as a spreadsheet shows it, from 1.
        columns: A name for every column, each once.
        notes: What was assumed, a sentence each.
    """

    row: int
    columns: tuple[str, ...]
    notes: tuple[str, ...]


def find_header(records: Sequence[Sequence[str]], header: Literal["auto"] | int, names: frozenset[str], shown: str) -> Header:
    """The header among the first records of a file.

    Args:
        records: From the top, blank ones included.
        header: Its row number, or ``auto``: the first of the records that hold most of ``names``, else the first that is not blank.
        names: Every column name that the config mentions.
        shown: The file's name for messages.

    Raises:
        SourceError: There is no such record, or its names cannot be used.
    """
    if not any(map(_has_text, records)):
        raise SourceError(f"{shown} is empty: there is not even a header in it", next_step="check the export, or name another file")
    row = likeliest(records, names) if header == "auto" else header
    if row > len(records) or not _has_text(records[row - 1]):
        raise SourceError(
            f"{shown}: row {row}, which source.header names, is not there or blank",
            next_step="correct source.header, or write auto",
            setting=("source", "header"),
        )
    columns, notes = name_columns(records[row - 1], names, shown)
    if row > 1 and header == "auto":
        notes = (f"row {row} is taken for the header; the {row - 1} above it are not read", *notes)
    return Header(row, columns, notes)


def name_columns(cells: Sequence[str], names: frozenset[str], shown: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The column names that a header's cells give, with the notes on those without a name and on those whose name stands twice.

    A repeated name gets a number (``Phone Number_2``), unless the config mentions it.

    Raises:
        SourceError: A name that the config mentions stands twice, or but for case and blanks; or a name is not UTF-8, or is one of ours.
    """
    if is_failures_file(cells):
        # The source may have columns of the same names: a connector's _row, a _file.
        own, notes = name_columns(cells[: -len(FAILURE_COLUMNS)], names, shown)
        return (*own, *FAILURE_COLUMNS), notes
    for position, cell in enumerate(cells, 1):
        if MARK_CHARACTER in cell:
            text = cell.replace(MARK_CHARACTER, "")
            raise SourceError(
                f"{shown}: the name of column {position} is not UTF-8: {text}", next_step="set source.encoding to the file's encoding"
            )
        if fold_column(cell).startswith(RESERVED):
            raise SourceError(f"{shown}: column {position} is called {cell}: names in {RESERVED} are ours", next_step="rename the column")
    _refuse_repeats(cells, frozenset(map(fold_column, names)), shown)
    _refuse_alike(cells, names, shown)
    columns = _with_made_up_names(cells)
    pairs = list(zip(cells, columns, strict=True))
    nameless = [column for cell, column in pairs if not cell.strip()]
    repeated = [column for cell, column in pairs if cell.strip() and cell != column]
    return columns, (*_about(nameless, "no name in the header"), *_about(repeated, "a name that stands twice in the header"))


def _has_text(record: Sequence[str]) -> bool:
    return any(cell.strip() for cell in record)


def likeliest(records: Sequence[Sequence[str]], names: frozenset[str]) -> int:
    """The row of the first of those records that hold most of ``names``, blank ones left out.

    Raises:
        ValueError: All are blank.
    """
    wanted = frozenset(map(fold_column, names))
    filled = [row for row, record in enumerate(records, 1) if _has_text(record)]
    return max(filled, key=lambda row: matches(records[row - 1], wanted))


def _refuse_repeats(cells: Sequence[str], mentioned: frozenset[str], shown: str) -> None:
    first: dict[str, int] = {}
    for position, cell in enumerate(cells, 1):
        if cell.strip() and first.setdefault(cell, position) != position and fold_column(cell) in mentioned:
            raise SourceError(
                f"{shown}: columns {first[cell]} and {position} have the same name, {cell!r}: which one is meant cannot be known",
                next_step="rename or remove one of them",
            )


def _refuse_alike(cells: Sequence[str], names: frozenset[str], shown: str) -> None:
    """A name that the config mentions must not fit two columns equally well: spelled as the config has it, one would be meant."""
    places: dict[str, list[int]] = defaultdict(list)
    for position, cell in enumerate(cells):
        places[fold_column(cell)].append(position)
    for name in sorted(names):
        alike = places.get(fold_column(name), [])
        if len(alike) > 1 and name not in cells:
            spelled = ", ".join(f"{cells[position]!r} (column {position + 1})" for position in alike)
            raise SourceError(
                f"{shown}: the config's {name!r} could be each of {spelled}: which one is meant cannot be known",
                next_step="spell it in the config as the column that is meant, or rename or remove the others",
            )


def _with_made_up_names(cells: Sequence[str]) -> tuple[str, ...]:
    own = {cell for cell in cells if cell.strip()}
    taken: set[str] = set()
    columns = []
    for position, cell in enumerate(cells, 1):
        name = _numbered(cell, taken | own) if cell in taken else cell
        if not cell.strip():
            name = f"column_{position}"
            while name in taken | own:
                name += "_"
        taken.add(name)
        columns.append(name)
    return tuple(columns)


def _numbered(cell: str, taken: set[str]) -> str:
    number = 2
    while f"{cell}_{number}" in taken:
        number += 1
    return f"{cell}_{number}"


def _about(names: list[str], fault: str) -> tuple[str, ...]:
    if not names:
        return ()
    shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")  # noqa: PLR2004  five names show the pattern
    return (f"{len(names)} column{'s have' if len(names) > 1 else ' has'} {fault}: called {shown}",)
