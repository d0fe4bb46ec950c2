"""Does the day come before the month? What patterns say of it, and what the values of a whole input prove.

Nothing here is decided row by row: 03/04 is April or March for all of an input, or for none of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import polars as pl

from etl.frames import ROW
from etl.transform.dates import first_fits

EXAMPLES = 3
"""Rows shown as evidence of each side."""

_NUMERIC = re.compile(r"%[-_0]?(?P<part>[dem])|%%|%[-_0^#:.0-9]*[A-Za-z+]")
_SHORT_START = re.compile(r"%[dm][^%0-9]")
"""A pattern that reads no text which begins with three digits, a year for example."""
_EXPANDED = {"%D": "%m/%d/%y", "%x": "%m/%d/%y"}


class DayOrder(StrEnum):
    """Which of the two comes first."""

    DAY_FIRST = "day first"
    MONTH_FIRST = "month first"


def order_of(pattern: str) -> DayOrder | None:
    """The order of a pattern with one day and one month in digits; None of any other."""
    parts = _parts(pattern)
    if parts == "dm":
        return DayOrder.DAY_FIRST
    return DayOrder.MONTH_FIRST if parts == "md" else None


def _parts(pattern: str) -> str:
    found = (match.group("part") for match in _NUMERIC.finditer(_expand(pattern)))
    return "".join("m" if part == "m" else "d" for part in found if part)


def _expand(pattern: str) -> str:
    return _EXPANDED.get(pattern, pattern)


def in_other_order(pattern: str) -> str:
    """A pattern that has an order, with day and month in each other's place."""

    def replaced(found: re.Match[str]) -> str:
        part = found.group("part")
        return found.group() if part is None else ("%d" if part == "m" else "%m")

    return _NUMERIC.sub(replaced, _expand(pattern))


def _neutral(pattern: str) -> str:
    return _NUMERIC.sub(lambda found: "%d" if found.group("part") else found.group(), _expand(pattern))


def doubtful(formats: Sequence[str]) -> frozenset[str]:
    """Those of the formats that differ from another of them in nothing but the order of day and month."""
    orders: dict[str, set[DayOrder]] = {}
    ordered = {pattern: order for pattern in formats if (order := order_of(pattern)) is not None}
    for pattern, order in ordered.items():
        orders.setdefault(_neutral(pattern), set()).add(order)
    return frozenset(pattern for pattern in ordered if len(orders[_neutral(pattern)]) > 1)


def in_order(formats: Sequence[str], order: DayOrder) -> tuple[str, ...]:
    """The formats without those whose doubt is settled against them."""
    against = {pattern for pattern in doubtful(formats) if order_of(pattern) != order}
    return tuple(pattern for pattern in formats if pattern not in against)


def fits_in_other_order(words: pl.Series, formats: Sequence[str]) -> pl.Series:
    """For each text the first pattern that it fits once day and month are exchanged in the formats; null where there is none."""
    fitting = pl.repeat(None, words.len(), dtype=pl.String, eager=True)
    for pattern in formats:
        other = in_other_order(pattern)
        if words.is_empty() or order_of(pattern) is None or other in formats:
            continue
        fits = _date(words, (other,)).is_not_null()
        fitting = pl.select(pl.when(fitting.is_null() & fits).then(pl.lit(other)).otherwise(fitting)).to_series()
    return fitting


@dataclass(slots=True)
class Side:
    """What speaks for one answer: in how many rows, and the first of them as file, row and text."""

    rows: int = 0
    examples: list[tuple[str, int, str]] = field(default_factory=list)

    def add(self, file: str, found: pl.DataFrame) -> None:
        """Take in the rows (ROW, ``word``) of a batch."""
        self.rows += found.height
        wanted = EXAMPLES - len(self.examples)
        self.examples += [(file, row, word) for row, word in found.select(ROW, "word").head(wanted).iter_rows()]

    def __str__(self) -> str:
        shown = ", ".join(f"{file} row {row:,}: {word!r}" for file, row, word in self.examples)
        more = f" and {self.rows - len(self.examples):,} more" if self.rows > len(self.examples) else ""
        return shown + more


@dataclass(slots=True)
class DayOrderCensus:
    """Looks at every date of an input; its memory does not grow with the rows.

    Attributes:
        formats: Of the field, in order.
        day_first: Rows whose date is one only if the day comes first.
        month_first: The same of the month.
        either: Rows whose date is another day in each order.
    """

    formats: tuple[str, ...]
    day_first: Side = field(default_factory=Side)
    month_first: Side = field(default_factory=Side)
    either: Side = field(default_factory=Side)

    def add(self, file: str, words: pl.DataFrame) -> None:
        """Take in a batch.

        Args:
            file: As shown to the user.
            words: ROW and ``word`` (String), the text as the formats would read it, null where there is none.
        """
        judged = _judge(words["word"].drop_nulls().unique(), self.formats)
        for name, side in (("day_first", self.day_first), ("month_first", self.month_first), ("either", self.either)):
            of_side = judged.filter(name)["word"]
            if not of_side.is_empty():
                side.add(file, words.filter(pl.col("word").is_in(of_side.implode())))


def _judge(words: pl.Series, formats: tuple[str, ...]) -> pl.DataFrame:
    """``word``, and whether it speaks for ``day_first``, ``month_first`` or ``either``."""
    # The answers differ in the doubtful formats alone; most texts fit none of them, and to try the others costs more.
    open_formats = tuple(doubtful(formats))
    if all(map(_SHORT_START.match, open_formats)):
        words = words.filter(~words.str.contains(r"^[0-9]{3}"))
    words = words.filter(_date(words, open_formats).is_not_null())
    dates = [_date(words, in_order(formats, order)).alias(order.name) for order in DayOrder]
    day, month = pl.col(DayOrder.DAY_FIRST.name), pl.col(DayOrder.MONTH_FIRST.name)
    return pl.DataFrame([words.alias("word"), *dates]).select(
        "word",
        (day.is_not_null() & month.is_null()).alias("day_first"),
        (month.is_not_null() & day.is_null()).alias("month_first"),
        (day != month).fill_null(value=False).alias("either"),
    )


def _date(words: pl.Series, formats: tuple[str, ...]) -> pl.Series:
    return first_fits(words, formats, 0).select(pl.coalesce("instant", "local")).to_series()
