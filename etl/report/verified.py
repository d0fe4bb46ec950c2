"""Which rows are not as their tasks are, and in which field?"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO, NamedTuple

from etl.cells import protect_text
from etl.report.folder import RunFolder, local_failures, write_all

EXAMPLES = 500
"""Lines that are kept for the printable receipt."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class VerifiedLine(NamedTuple):
    """One field of a row that is not as its task is, or a whole row: then ``field`` is None. The columns of ``verify.csv``, in order.

    ``written``, ``source`` and ``lightfield`` are what was last written, what the source says and what the task holds; ids of a
    relationship are parted by ``;``.
    """

    row: int
    file: str
    source_key: str | None
    row_class: str
    task_id: str | None
    url: str | None
    field: str | None
    written: str | None
    source: str | None
    lightfield: str | None
    message: str | None


VERIFIED_COLUMNS = tuple("class" if name == "row_class" else name for name in VerifiedLine._fields)
"""The header of ``verify.csv``."""


class VerifiedFile:
    """``verify.csv``: UTF-8 with BOM, comma, cells that a spreadsheet would run protected; only there when it has a line.

    Attributes:
        examples: The first EXAMPLES lines.
        total: How many lines it has.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._stream: BinaryIO | None = None
        self.examples: list[VerifiedLine] = []
        self.total = 0

    def add(self, lines: Sequence[VerifiedLine]) -> None:
        """Adds lines.

        Raises:
            LocalFailureError: The folder vanished or the disk is full.
        """
        if not lines:
            return
        self.examples += lines[: EXAMPLES - len(self.examples)]
        self.total += len(lines)
        with local_failures(self._folder.verified):
            write_all(self._opened(), _csv_text(map(_protected, lines)))

    def end(self) -> None:
        """Ends the file, if there is one.

        Raises:
            LocalFailureError: The disk is full.
        """
        if self._stream is not None:
            with local_failures(self._folder.verified):
                self._stream.close()

    def _opened(self) -> BinaryIO:
        if self._stream is None:
            self._stream = self._folder.open_new(self._folder.verified)
            write_all(self._stream, _BYTE_ORDER_MARK + _csv_text([VERIFIED_COLUMNS]))
        return self._stream


def value_text(value: Any) -> str | None:
    """A field's value, or a relationship's ids, as a cell."""
    if value is None or isinstance(value, str):
        return value
    return ";".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _protected(line: VerifiedLine) -> Iterable[object]:
    return (protect_text(cell) if isinstance(cell, str) else cell for cell in line)


def _csv_text(rows: Iterable[Iterable[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    # What an API says may hold half a surrogate pair, which UTF-8 has no bytes for.
    return text.getvalue().encode("utf-8", "replace")
