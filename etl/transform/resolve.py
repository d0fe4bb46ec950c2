"""What makes a word valid in its field? A status, an instant, a record, an id, or any text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from etl.config.fields import LookupName
from etl.task import STATUSES
from etl.transform.date_formats import EPOCH_MS, EPOCH_S, looks_like_seconds
from etl.transform.dates import DateRule, read_dates
from etl.transform.day_order import fits_in_other_order
from etl.transform.lookups import NOUNS, Resolver, normalise
from etl.transform.problems import AMBIGUOUS, INVALID_DATE, INVALID_ID, NO_TIMEZONE, UNKNOWN_STATUS, sentence

MAX_ID_CHARACTERS = 255
_SHOWN_FORMATS = 5


class Resolution(Protocol):
    """Turns words into values."""

    def resolve(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Adds to a frame with ``named`` the columns ``found`` (the value or null), ``code`` (why not, or null) and perhaps others."""
        ...

    def complaint(self, key: str) -> pl.Expr:
        """What to say after a word that is not valid, over the columns of ``resolve``; ``key`` is the field's place in the config."""
        ...


_NAMED = pl.col("named")
_NOTHING = pl.lit(None, dtype=pl.String)


@dataclass(frozen=True, slots=True)
class AnyText:
    """Every text is valid."""

    def resolve(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The word itself."""
        return frame.with_columns(_NAMED.alias("found"), _NOTHING.alias("code"))

    def complaint(self, key: str) -> pl.Expr:
        """Never said."""
        return pl.lit(f"is not valid; see {key}")


@dataclass(frozen=True, slots=True)
class Status:
    """One of Lightfield's statuses, in any case, with blanks or hyphens for ``_``."""

    def resolve(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The status in Lightfield's spelling."""
        spelled = _NAMED.str.strip_chars().str.to_uppercase().str.replace_all(r"[\s_\-]+", "_")
        found = pl.when(spelled.is_in(STATUSES)).then(spelled)
        code = pl.when(_NAMED.is_not_null() & found.is_null()).then(pl.lit(UNKNOWN_STATUS))
        return frame.with_columns(found.alias("found"), code.alias("code"))

    def complaint(self, key: str) -> pl.Expr:
        """Names the statuses."""
        return pl.lit(f"is not among values; allowed are {', '.join(STATUSES)}; add it under {key}.values or set {key}.unknown")


@dataclass(frozen=True, slots=True)
class Instant:
    """A date or time, written as UTC."""

    rule: DateRule

    def resolve(self, frame: pl.DataFrame) -> pl.DataFrame:
        """``YYYY-MM-DDTHH:MM:SSZ``; ``remark`` beside it, and ``other_order``: the pattern that fits if day and month are exchanged."""
        read = frame.with_columns(read_dates(frame["named"], self.rule).get_columns())
        lost = (read["code"] == INVALID_DATE).fill_null(value=False).arg_true()
        other = pl.repeat(None, read.height, dtype=pl.String, eager=True).scatter(
            lost, fits_in_other_order(read["named"].gather(lost), self.rule.formats)
        )
        return read.with_columns(other.alias("other_order"))

    def complaint(self, key: str) -> pl.Expr:
        """Names the formats, or asks for a zone."""
        formats = _formats_shown(self.rule.formats)
        unread = (
            f"fits none of the formats {formats}, or is no date from 1900 to 9999; correct it, add its format under {key}.formats, "
            f"or set {key}.unknown"
        )
        zoneless = f"carries no time zone; set timezone (for the config) or {key}.timezone, such as America/New_York"
        exchanged = sentence(
            [
                f"fits none of the formats {formats}, but would fit ",
                pl.col("other_order"),
                f": all dates of an input have day and month in one order; correct the date, or {key}.formats",
            ]
        )
        seconds = f"counts seconds, not milliseconds, else it would be a day of 1970: write {EPOCH_S} under {key}.formats"
        number = pl.col("named").str.extract(r"^([0-9]{1,15})(?:\.0+)?$", 1).cast(pl.Int64, strict=False)
        return (
            pl.when(pl.col("code") == NO_TIMEZONE)
            .then(pl.lit(zoneless))
            .when(pl.lit(EPOCH_MS in self.rule.formats) & looks_like_seconds(number))
            .then(pl.lit(seconds))
            .when(pl.col("other_order").is_not_null())
            .then(exchanged)
            .otherwise(pl.lit(unread))
        )


def _formats_shown(formats: Sequence[str]) -> str:
    """All of a few; of a preset's many the first."""
    if len(formats) <= _SHOWN_FORMATS:
        return ", ".join(formats)
    return f"{', '.join(formats[:_SHOWN_FORMATS])} and {len(formats) - _SHOWN_FORMATS} more (check --show-config lists them)"


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """The id of the record that the word names."""

    lookup: LookupName
    resolver: Resolver

    def resolve(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The id; ``candidates`` beside it where there are several."""
        keyed = frame.with_columns(normalise(_NAMED).alias("key"))
        found, code, candidates = self.resolver.resolve(pl.col("key"), _NAMED)
        return keyed.with_columns(found.alias("found"), code.alias("code"), candidates.alias("candidates"))

    def complaint(self, key: str) -> pl.Expr:
        """Names all candidates, or says that there is none."""
        noun = NOUNS[self.lookup]
        lost = pl.lit(f"is not {noun} in Lightfield; create it there, translate it under {key}.values or set {key}.unknown")
        several = sentence(
            [f"fits several records as {noun}: ", pl.col("candidates"), "; rename all but one, or translate it to a name that fits one"]
        )
        return pl.when(pl.col("code") == AMBIGUOUS).then(several).otherwise(lost)


@dataclass(frozen=True, slots=True)
class PlainId:
    """An id as it stands: no blanks, no control characters, not too long."""

    def resolve(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The id itself."""
        usable = ~_NAMED.str.contains(r"[\s\p{C}]") & (_NAMED.str.len_chars() <= MAX_ID_CHARACTERS)
        code = pl.when(_NAMED.is_not_null() & ~usable).then(pl.lit(INVALID_ID))
        return frame.with_columns(pl.when(usable).then(_NAMED).alias("found"), code.alias("code"))

    def complaint(self, key: str) -> pl.Expr:
        """Says what an id is."""
        what = f"ids have no blanks or control characters and at most {MAX_ID_CHARACTERS} characters"
        return pl.lit(f"is no id: {what}; if it is a name, say of what with {key}.lookup, or set {key}.unknown")
