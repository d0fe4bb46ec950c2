"""Which dates fit a format? ``iso``, the epochs, and patterns such as ``%d/%m/%Y``; and which formats can be used at all."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import polars as pl

from etl.transform.date_iso import read_iso

ISO = "iso"
EPOCH_MS = "epoch-ms"
EPOCH_S = "epoch-s"

_MS = pl.Datetime("ms")
_FIRST = datetime(1900, 1, 1)  # noqa: DTZ001  local and UTC times are both compared with it
_LAST = datetime(9999, 12, 31, 23, 59, 59, 999_000)  # noqa: DTZ001  likewise

_SECONDS = (631_152_000, 4_102_444_800)
"""1990 and 2100 in seconds. As milliseconds they lie in January and February 1970, when nothing was due: they were meant as seconds."""

_NO_DATE_BELOW_MS = 100_000_000_000
"""March 1973 in milliseconds; what lies nearer to zero is a spreadsheet's day, a date without its dashes, or nothing."""

_DIRECTIVE = re.compile(r"%[-_0^#:.0-9]*([A-Za-z+%])")
_TIME_DIRECTIVES = frozenset("HkIlMSTRrXcfpP")
_PROBE = datetime(2001, 2, 3, 16, 5, 6, tzinfo=UTC)

_ANY_SPACE_BEFORE = frozenset("pP")
"""A blank in a pattern fits any number of them, none too: ``03:15pm`` and ``03:15 PM`` are both read by ``%I:%M%p``."""


def check_format(pattern: str) -> str:
    """The format, if a date can be read by it: a known moment is written and read back.

    Raises:
        ValueError: The format is unknown, lacks a part of the date, or leaves a doubt.
    """
    if pattern in (ISO, EPOCH_MS, EPOCH_S):
        return pattern
    letters = _directives(pattern)
    if "Z" in letters:
        raise ValueError(f"found {pattern!r}; names of zones (%Z) are ambiguous: write %z for offsets, or remove them and set timezone")
    if letters & {"s", "+"}:
        raise ValueError(f"found {pattern!r}; write {EPOCH_S} instead of %s, and {ISO} instead of %+")
    if _read_back(pattern) != _expected(letters):
        raise ValueError(
            f"found {pattern!r}, by which no date can be read; write {ISO}, {EPOCH_MS}, {EPOCH_S} or a pattern such as %Y-%m-%d %H:%M"
        )
    return pattern


def _directives(pattern: str) -> frozenset[str]:
    return frozenset(_DIRECTIVE.findall(pattern)) - {"%"}


def _expected(letters: frozenset[str]) -> datetime:
    whole = _PROBE.replace(tzinfo=None)
    if not letters & _TIME_DIRECTIVES:
        return whole.replace(hour=0, minute=0, second=0)
    return whole if letters & set("STrXc") else whole.replace(second=0)


def _read_back(pattern: str) -> datetime | None:
    try:
        read = _read_pattern(pl.Series([_PROBE]).dt.to_string(pattern), pattern, 0)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    found = read.select(pl.coalesce("instant", "local")).item()
    return found if isinstance(found, datetime) else None


def read_format(words: pl.Series, pattern: str, time_ms: int) -> pl.DataFrame:
    """The texts that fit one format.

    Args:
        words: String.
        pattern: ``iso``, ``epoch-ms``, ``epoch-s`` or a pattern.
        time_ms: Local time of dates without one, in milliseconds since midnight.

    Returns:
        ``instant`` (UTC) where the text says which it is, else ``local``; naive Datetime("ms"), both null where the text does not
        fit, or is before 1900 or after 9999; ``epoch-ms`` does not fit what counts seconds.
    """
    if pattern == ISO:
        read = read_iso(words, time_ms)
    elif pattern in (EPOCH_MS, EPOCH_S):
        read = _read_epoch(words, 1 if pattern == EPOCH_MS else 1000)
    else:
        read = _read_pattern(words, pattern, time_ms)
    return read.select(in_range("instant"), in_range("local"))


def in_range(moment: str) -> pl.Expr:
    """The column, null where it is before 1900 or after 9999."""
    return pl.when(pl.col(moment).is_between(_FIRST, _LAST)).then(moment)


def _read_pattern(words: pl.Series, pattern: str, time_ms: int) -> pl.DataFrame:
    letters = _directives(pattern)
    parsed = words.str.to_datetime(_lenient(pattern), strict=False, time_unit="ms")
    if "z" in letters:
        return _moments(parsed.dt.convert_time_zone("UTC").dt.replace_time_zone(None), None)
    return _moments(None, parsed if letters & _TIME_DIRECTIVES else parsed + timedelta(milliseconds=time_ms))


def _lenient(pattern: str) -> str:
    """The pattern, with blanks or none before am and pm, and offsets in each of their forms (``+0200``, ``+02:00``, ``+02``, ``Z``)."""

    def replaced(found: re.Match[str]) -> str:
        if found.group(1) in _ANY_SPACE_BEFORE:
            return f" {found.group()}"
        return "%#z" if found.group(1) == "z" else found.group()

    return _DIRECTIVE.sub(replaced, pattern)


def _moments(instant: pl.Series | None, local: pl.Series | None) -> pl.DataFrame:
    both = [
        pl.lit(None, dtype=_MS).alias(name) if found is None else found.alias(name)
        for name, found in (("instant", instant), ("local", local))
    ]
    return pl.select(*both)


def _read_epoch(words: pl.Series, unit_ms: int) -> pl.DataFrame:
    numbers = words.str.extract(r"^(-?[0-9]{1,15})(?:\.0+)?$", 1).cast(pl.Int64, strict=False)
    if unit_ms == 1:
        numbers = numbers.to_frame("number").select(pl.when(pl.col("number").abs() >= _NO_DATE_BELOW_MS).then("number")).to_series()
    return _moments((numbers * unit_ms).cast(_MS), None)


def looks_like_seconds(numbers: pl.Expr) -> pl.Expr:
    """Boolean of each whole number: read as milliseconds it would be a day of early 1970, and it counts seconds."""
    return numbers.is_between(*_SECONDS)
