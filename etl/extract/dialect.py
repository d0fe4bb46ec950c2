"""How is a delimited file cut into records and cells?"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from etl.config.columns import fold_column
from etl.errors import SourceError

DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar (|)"}

HEAD_RECORDS = 50
"""So many records from the top are looked at for the delimiter and the header."""

_ANY_SIZE = 2**31 - 1
"""The largest limit that the csv module takes on every platform."""

_WORDS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "bar": "|"}


def named_delimiter(text: str) -> str | None:
    """The character that ``source.delimiter`` names, or None for ``auto``.

    Raises:
        SourceError: It is not one plain character.
    """
    if text == "auto":
        return None
    delimiter = _WORDS.get(text.lower(), text)
    if len(delimiter) == 1 and delimiter.isascii() and delimiter not in '"\r\n\0':
        return delimiter
    raise SourceError(
        f"source.delimiter: {text!r} is not one character", next_step="write auto, tab or one character such as , ; | (never a quote)"
    )


def stated_delimiter(sample: str) -> str | None:
    """The delimiter that a first line such as ``sep=;``, which Excel reads and hides, names; None without one."""
    found = re.match(r'"?sep=([^"\r\n])"?\r?\n', sample, re.IGNORECASE)
    return found[1] if found else None


def guess_delimiter(sample: str, names: frozenset[str], *, preferred: str) -> str:
    """The delimiter that makes a table of the sample.

    What the config's column names are found with wins; then the one that cuts most of the first records to one width; then the
    greater width.

    Args:
        sample: The beginning of the file, whole records where that is possible.
        names: Every column name that the config mentions.
        preferred: Taken when nothing speaks for another.
    """
    wanted = frozenset(map(fold_column, names))
    order = (preferred, *(delimiter for delimiter in DELIMITERS if delimiter != preferred))
    return max(order, key=lambda delimiter: _evidence(head_records(sample, delimiter), wanted))


def matches(record: Iterable[str], wanted: frozenset[str]) -> int:
    """How many of the folded names stand in the record."""
    return len(wanted.intersection(map(fold_column, record)))


@contextmanager
def large_cells(limit: int = _ANY_SIZE) -> Iterator[None]:
    """Lets Python's csv module read cells of ``limit`` characters: a setting of the whole process, put back afterwards."""
    before = csv.field_size_limit(limit)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _evidence(records: list[list[str]], wanted: frozenset[str]) -> tuple[int, float, int]:
    filled = [record for record in records if any(record)]
    widths = Counter(len(record) for record in filled if len(record) > 1)
    if not widths:
        return 0, 0.0, 0
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    return max(matches(record, wanted) for record in filled), count / len(filled), width


def head_records(sample: str, delimiter: str) -> list[list[str]]:
    """The first ``HEAD_RECORDS`` records of a sample; fewer where it ends, or in a fault."""
    records: list[list[str]] = []
    with large_cells():
        try:
            for record in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
                records.append(record)
                if len(records) == HEAD_RECORDS:
                    break
        except csv.Error:
            return records
    return records
