"""How new is the newest moment in a column? Every value is looked at, and memory does not grow with the rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import polars as pl

from etl.frames import EXTRACT_CODE, ROW, RawBatch
from etl.transform.dates import DateRule, first_fits
from etl.transform.day_order import Side
from etl.transform.local_times import localize
from etl.transform.text import clean_cells

AHEAD = timedelta(days=1)
"""A moment further in the future says nothing of when data was made; what is nearer may be a clock's or a zone's doing."""

_WORD = "word"


@dataclass(frozen=True, slots=True)
class Moment:
    """A value and where it stands; ``at`` is UTC."""

    at: datetime
    file: str
    row: int
    word: str

    def __str__(self) -> str:
        return f"{self.file} row {self.row:,}: {self.word!r}"


@dataclass(slots=True)
class NewestCensus:
    """Looks for the newest value of a column.

    Attributes:
        rule: How its values are read.
        now: UTC.
        newest: The newest value that is not in the future; None before there was one.
        ahead: The newest value that is.
        unread: Values that fit none of the formats.
        zoneless: Values that carry no zone where the rule names none.
        filled: Cells with something in them.
        rows: Rows that were looked at.
    """

    rule: DateRule
    now: datetime
    newest: Moment | None = None
    ahead: Moment | None = None
    unread: Side = field(default_factory=Side)
    zoneless: Side = field(default_factory=Side)
    filled: int = 0
    rows: int = 0

    def add(self, raw: RawBatch, column: str, null_values: tuple[str, ...]) -> None:
        """Take in a batch; rows that could not be read are passed over, excluded ones are not: they were exported all the same.

        Args:
            raw: Holds at least ``column``.
            column: The file's own name of it.
            null_values: Cells that count as empty.
        """
        rows = raw.frame.filter(pl.col(EXTRACT_CODE).is_null())
        cells = clean_cells(rows, [column], null_values)
        words = rows.select(ROW).with_columns(cells[column].alias(_WORD)).drop_nulls(_WORD)
        self.rows += raw.frame.height
        self.filled += words.height
        read = _read(words[_WORD], self.rule)
        self.unread.add(raw.file.path, words.filter(read["unread"]))
        self.zoneless.add(raw.file.path, words.filter(read["zoneless"]))
        self._keep_newest(raw.file.path, words.with_columns(read["instant"]).drop_nulls("instant"))

    def _keep_newest(self, file: str, moments: pl.DataFrame) -> None:
        limit = (self.now + AHEAD).astimezone(UTC).replace(tzinfo=None)
        self.newest = _newer(self.newest, file, moments.filter(pl.col("instant") <= limit))
        self.ahead = _newer(self.ahead, file, moments.filter(pl.col("instant") > limit))


def _read(words: pl.Series, rule: DateRule) -> pl.DataFrame:
    """``instant`` (naive Datetime("ms"), UTC), and whether the text is ``unread`` or ``zoneless``."""
    moments = first_fits(words, rule.formats, rule.time_ms)
    instant, local = moments["instant"], moments["local"]
    unread = (instant.is_null() & local.is_null()).alias("unread")
    if rule.timezone is None:
        return pl.DataFrame([instant.alias("instant"), unread, local.is_not_null().alias("zoneless")])
    whole = moments.select(pl.coalesce("instant", localize(local, rule.timezone)["instant"]).alias("instant")).to_series()
    return pl.DataFrame([whole, unread, pl.repeat(value=False, n=words.len(), eager=True).alias("zoneless")])


def _newer(known: Moment | None, file: str, moments: pl.DataFrame) -> Moment | None:
    if moments.is_empty():
        return known
    [(row, word, at)] = moments.sort("instant", descending=True).head(1).select(ROW, _WORD, "instant").iter_rows()
    found = Moment(at.replace(tzinfo=UTC), file, row, word)
    return found if known is None or found.at > known.at else known
