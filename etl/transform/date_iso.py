"""What does a date in ISO 8601 mean, in any of the forms in which programs write it?"""

from __future__ import annotations

import polars as pl

_MS = pl.Datetime("ms")
_DAY_MS = 86_400_000
_OFFSET = r"[Zz]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?"
_SHAPE = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[Tt ][0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:[.,][0-9]{{1,9}})?)?(?: ?(?:{_OFFSET}))?)?$"


def read_iso(words: pl.Series, time_ms: int) -> pl.DataFrame:
    """``YYYY-MM-DD``, or that and a time after ``T``, ``t`` or a blank.

    The time has hours and minutes, or seconds too, or those with 1 to 9 digits of a fraction behind a dot or a comma (what is below a
    millisecond is cut off). An offset may follow, after a blank or none: ``Z``, ``UTC``, ``GMT``, ``+hh``, ``+hhmm``, ``+hh:mm``.

    Fixed positions are cut out of texts of the right shape: faster than capture groups, and no rule of a parser gets in.

    Args:
        words: String.
        time_ms: Local time of dates without one, in milliseconds since midnight.

    Returns:
        ``instant`` (UTC) where there is an offset, else ``local``; naive Datetime("ms"), both null where the text is no such date.
    """
    frame = words.to_frame("word").select(pl.when(pl.col("word").str.contains(_SHAPE)).then("word"))
    word = pl.col("word")
    frame = frame.with_columns(
        (word.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).cast(pl.Int64) * _DAY_MS).alias("day_ms"),
        word.str.slice(16).alias("tail"),
    )
    frame = frame.with_columns(
        pl.when(word.str.len_bytes() == len("2024-01-31")).then(pl.lit(time_ms, dtype=pl.Int64)).otherwise(_clock_ms()).alias("clock_ms"),
        pl.col("tail").str.extract(rf"({_OFFSET})$", 1).alias("offset"),
    )
    local = pl.col("day_ms") + pl.col("clock_ms")
    return frame.select(
        (local - _offset_ms()).cast(_MS).alias("instant"), pl.when(pl.col("offset").is_null()).then(local).cast(_MS).alias("local")
    )


def _clock_ms() -> pl.Expr:
    word, tail = pl.col("word"), pl.col("tail")
    hours, minutes = _number(word.str.slice(11, 2), 23), _number(word.str.slice(14, 2), 59)
    seconds = pl.when(tail.str.starts_with(":")).then(_number(tail.str.slice(1, 2), 59)).otherwise(0)
    fraction = tail.str.extract(r"^:[0-9]{2}[.,]([0-9]+)", 1).fill_null("")
    milliseconds = pl.concat_str(fraction, pl.lit("000")).str.slice(0, 3).cast(pl.Int64, strict=False)
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds


def _offset_ms() -> pl.Expr:
    """Null without an offset, and for one of a day or more."""
    offset = pl.col("offset")
    minutes = pl.when(offset.str.len_bytes() > len("+hh")).then(_number(offset.str.slice(-2), 59)).otherwise(0)
    size = (_number(offset.str.slice(1, 2), 23) * 60 + minutes) * 60_000
    zero = offset.str.to_uppercase().is_in(["Z", "UTC", "GMT"])
    return pl.when(zero).then(0).when(offset.str.starts_with("-")).then(-size).otherwise(size)


def _number(digits: pl.Expr, highest: int) -> pl.Expr:
    number = digits.cast(pl.Int64, strict=False)
    return pl.when(number <= highest).then(number)
