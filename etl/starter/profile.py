"""What is in a column of a file that nobody has described? Figures and date forms, from a sample of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from etl.transform.date_formats import EPOCH_MS, EPOCH_S, ISO, read_format
from etl.transform.text import clean_cells

MANY_WORDS = 40
"""A column with more distinct words than this is no list to choose from."""

_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_DAYS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%Y/%m/%d",
    "%d %b %Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%d-%b-%Y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
)
_PATTERNS = tuple(day + clock for day in _DAYS for clock in _CLOCKS)
_EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
_TAG = r"(?i)<(p|br|div|ul|ol|li|a|b|i|strong|em|span|h[1-6]|table)\b[^>]*>|&(nbsp|amp|lt|gt|quot);"
_EPOCH_DIGITS = {EPOCH_S: r"^1[0-9]{9}$", EPOCH_MS: r"^1[0-9]{12}$"}
_DATE_LIKE = r"^(\d{4}[-/]\d|\d{1,2}[./-]\d|\d{1,2}[ -]\p{L}|\p{L}+\.? \d{1,2},|1\d{9}(\d{3})?$)"
"""What every date that is tried begins with: spares the parsers the columns that hold none."""
_LEAST_SHARE = 0.9
"""Of a column's values that its date forms must read for it to be a date."""


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column of the sample.

    Attributes:
        name: The file's own.
        rows: Of the sample.
        filled: Rows whose cell is not empty.
        distinct: Different values among them.
        words: The distinct values, the most frequent first, where they are at most MANY_WORDS; else none.
        emails: Share (0 to 1) of the filled cells that are e-mail addresses.
        numbers: Share that holds no letter.
        digits: Share that holds a digit: names of people hold none, and ids do.
        blanks: Share of several words.
        mean_length: Characters of a filled cell.
        formats: By which the values are read as dates; none where they are no dates. Two that differ only in the order of day and
            month stand for a sample that leaves the order open.
        html: Some cell holds a tag or an entity.
        separated: Share of the filled cells with a ``;``.
    """

    name: str
    rows: int
    filled: int
    distinct: int
    words: tuple[str, ...]
    emails: float
    numbers: float
    digits: float
    blanks: float
    mean_length: float
    formats: tuple[str, ...]
    html: bool
    separated: float

    @property
    def is_unique(self) -> bool:
        """Each row has a value, and no two the same."""
        return self.rows > 0 and self.filled == self.rows == self.distinct


def profile_columns(sample: pl.DataFrame) -> dict[str, ColumnProfile]:
    """What each column holds.

    Args:
        sample: String columns; null and blank are empty.

    Returns:
        By the column's name, in the order of the frame.
    """
    cells = clean_cells(sample, sample.columns, ())
    return {name: _profile(name, cells[name]) for name in cells.columns}


def _profile(name: str, cells: pl.Series) -> ColumnProfile:
    # A method of a series looks itself up by its name, and takes ``^…$`` for a pattern.
    filled = cells.rename("cell").drop_nulls()
    counted = filled.value_counts(name="rows").sort("rows", "cell", descending=[True, False])
    shares = filled.to_frame().select(
        emails=pl.col("cell").str.contains(_EMAIL).mean(),
        numbers=(~pl.col("cell").str.contains(r"\p{L}")).mean(),
        digits=pl.col("cell").str.contains(r"\d").mean(),
        blanks=pl.col("cell").str.contains(r"\s").mean(),
        length=pl.col("cell").str.len_chars().mean(),
        html=pl.col("cell").str.contains(_TAG).any(),
        separated=pl.col("cell").str.contains(";", literal=True).mean(),
    )
    share = {key: value or 0.0 for key, value in shares.row(0, named=True).items()}
    return ColumnProfile(
        name=name,
        rows=cells.len(),
        filled=filled.len(),
        distinct=counted.height,
        words=tuple(counted["cell"].to_list()) if counted.height <= MANY_WORDS else (),
        emails=share["emails"],
        numbers=share["numbers"],
        digits=share["digits"],
        blanks=share["blanks"],
        mean_length=share["length"],
        formats=date_formats(filled),
        html=bool(share["html"]),
        separated=share["separated"],
    )


def date_formats(texts: pl.Series) -> tuple[str, ...]:
    """By which formats texts are read as dates, the most fitting first; none where they are no dates.

    Args:
        texts: String, none of them null.
    """
    if texts.is_empty() or int(texts.str.contains(_DATE_LIKE).sum()) < _LEAST_SHARE * texts.len():
        return ()
    whole, found = texts.len(), []
    left = texts.unique()
    left_rows = texts
    while left.len():
        chosen, fits = _best_formats(left)
        if not chosen:
            break
        found += chosen
        left = left.filter(~fits)
        left_rows = left_rows.filter(left_rows.is_in(left.implode()))
    return tuple(found) if 1 - left_rows.len() / whole >= _LEAST_SHARE else ()


def _best_formats(texts: pl.Series) -> tuple[list[str], pl.Series]:
    """The format that reads most of the texts, its twin in the order of day and month where that reads as many, and what they read."""
    fits = {pattern: _fits(texts, pattern) for pattern in (ISO, EPOCH_MS, EPOCH_S, *_PATTERNS)}
    # max takes the first of equals, and the day stands before the month in _DAYS: the twin is looked for behind it.
    best = max(fits, key=lambda pattern: int(fits[pattern].sum()))
    if not fits[best].any():
        return [], fits[best]
    twin = _twin(best)
    if twin is None or int(fits[twin].sum()) < int(fits[best].sum()):
        return [best], fits[best]
    return [best, twin], fits[best] | fits[twin]


def _twin(pattern: str) -> str | None:
    """The same pattern with day and month exchanged, where it is tried too."""
    other = pattern.replace("%d", "\0").replace("%m", "%d").replace("\0", "%m")
    return other if other != pattern and other in _PATTERNS else None


def _fits(texts: pl.Series, pattern: str) -> pl.Series:
    """Boolean of each text: the pattern reads it."""
    if pattern in _EPOCH_DIGITS:
        return texts.str.contains(_EPOCH_DIGITS[pattern])
    read = read_format(texts, pattern, 0)
    return read["instant"].is_not_null() | read["local"].is_not_null()
