"""How does text whose quoting is unusual become text that every CSV reader reads alike?"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

from etl.errors import SourceError
from etl.extract.dialect import large_cells
from etl.extract.quoting import last_opening_quote

LONGEST_CELL = 16 << 20
"""Characters; a longer cell is taken for one whose quote is not closed."""

_EXCERPT = 60
_NEXT_STEP = 'close the quote; a quote that is text within a quoted cell is written twice ("")'


def rewrite(path: Path, delimiter: str, max_fields: int, shown: str, target: Path) -> None:
    """Write the same records with every cell quoted and LF at the end, blank records included.

    Quotes within an unquoted cell are text (``5" pipe``), a CR alone ends a record, and of a record of more than ``max_fields`` fields
    the last ones are joined into one.

    Args:
        path: UTF-8 text, with a byte order mark or without.
        delimiter: One character.
        max_fields: From ``quoting.grammar``.
        shown: The file's name for messages.
        target: Where to write.

    Raises:
        SourceError: A quoted cell is not closed, or is followed by more text.
    """
    with (
        path.open(encoding="utf-8-sig", newline="") as text,
        target.open("w", encoding="utf-8", newline="") as out,
        large_cells(LONGEST_CELL),
    ):
        writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows(_narrowed(_records(text, delimiter, shown), delimiter, max_fields))


class _RecordLines:
    """Hands lines on and remembers those of the record at hand."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.held: list[str] = []

    def __iter__(self) -> _RecordLines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.held.append(line)
        return line


def _records(text: Iterable[str], delimiter: str, shown: str) -> Iterator[list[str]]:
    lines = _RecordLines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    row = 0
    while True:
        row += 1
        lines.held.clear()
        try:
            record = next(reader, None)
        except csv.Error as error:
            fault = "goes on behind its closing quote" if "expected after" in str(error) else "is never closed"
            place = _opening(lines.held, reader.line_num, delimiter)
            raise SourceError(f"{shown}: row {row}, {place} {fault}", next_step=_NEXT_STEP) from None
        if record is None:
            return
        yield record


def _narrowed(records: Iterable[list[str]], delimiter: str, max_fields: int) -> Iterator[list[str]]:
    for record in records:
        if len(record) > max_fields:
            yield [*record[: max_fields - 1], delimiter.join(record[max_fields - 1 :])]
        else:
            yield record


def _opening(held: list[str], last_line: int, delimiter: str) -> str:
    text = "".join(held)
    opening = last_opening_quote(text, delimiter) or 0
    line = last_line - len(held) + 1 + _line_ends(text[:opening])
    excerpt = "".join(text[opening : opening + _EXCERPT].splitlines()[:1])
    return f"line {line}: the quoted cell that opens with {excerpt}"


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")
