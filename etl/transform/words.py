"""Which words of the data stand for something in Lightfield, in how many rows does each stand, and what does nothing settle?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

import polars as pl

from etl.config.fields import REJECT, FieldRule, ValuesFile
from etl.transform.compile import FieldPlan
from etl.transform.problems import RESOLVABLE
from etl.transform.resolve import Resolution
from etl.transform.side_files import LOOKUPS_FILE
from etl.transform.values import fold

MOST_WORDS = 100_000
"""Distinct words without a meaning that are kept, the most frequent; what is beyond is counted."""

WORD_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "field": pl.String,
    "lookup": pl.String,
    "word": pl.String,
    "name": pl.String,
    "rows": pl.UInt32,
}
"""A word of a field: the target, its look-up or null, the word as it reaches ``values: lookups.csv``, what all of ``values`` make of it
(which the look-up is asked for), and the rows that it stands in."""

_MERGE_FROM = 200_000


def no_words() -> pl.DataFrame:
    """No ``field`` and ``key`` to be kept by a WordCount."""
    return pl.DataFrame(schema={"field": pl.String, "key": pl.String})


def lookups_step(rule: FieldRule) -> int | None:
    """The position in ``values`` of the ``lookups.csv`` beside the config, or None."""
    places = (place for place, step in enumerate(rule.values) if isinstance(step, ValuesFile) and _is_lookups_file(step))
    return next(places, None)


def _is_lookups_file(step: ValuesFile) -> bool:
    return step.from_column is None and PurePath(step.file) == PurePath(LOOKUPS_FILE)


def word_key(word: pl.Expr) -> pl.Expr:
    """Equal for spellings that one line of ``lookups.csv`` settles.

    Words with a digit may be ids, which can differ in case alone, and one person's must never stand for another's.
    """
    stripped = word.str.strip_chars()
    return pl.when(stripped.str.contains(r"\d")).then(stripped).otherwise(fold(word))


def field_words(field: FieldPlan, texts: pl.Series, rows: pl.Series) -> pl.DataFrame:
    """The words of one field (WORD_SCHEMA).

    Args:
        field: One that has words.
        texts: String, or List(String), as the source gives them.
        rows: In how many rows each of them stands.
    """
    counted = pl.DataFrame([texts.alias("text"), rows.alias("rows")])
    if texts.dtype == pl.List(pl.String):
        counted = counted.explode("text", empty_as_null=True, keep_nulls=True)
    step = lookups_step(field.rule)
    before = field.chain if step is None else replace(field.chain, translations=field.chain.translations[:step])
    named = pl.DataFrame(
        [
            before.name(counted["text"])["named"].alias("word"),
            field.chain.name(counted["text"])["named"].alias("name"),
            counted["rows"].cast(pl.UInt32),
        ]
    ).drop_nulls()
    summed = named.group_by("word", "name", maintain_order=True).agg(pl.col("rows").sum())
    return summed.with_columns(pl.lit(field.target).alias("field"), pl.lit(field.rule.lookup, dtype=pl.String).alias("lookup")).select(
        *WORD_SCHEMA
    )


class WordCount:
    """Adds up the words of batches; of those whose meaning is known already, only the ones without a meaning are kept.

    Args:
        known: By field what gives its words their meaning, where that is known before the data was read.
        keep: ``field`` and ``key`` (both String) of words that are kept, whatever they mean.

    Attributes:
        beyond: How many distinct words were dropped because there were more than MOST_WORDS of them.
    """

    def __init__(self, known: Mapping[str, Resolution], keep: pl.DataFrame) -> None:
        self._known = known
        self._keep = keep.select("field", "key").unique()
        self._words = pl.DataFrame(schema=WORD_SCHEMA)
        self._pending: list[pl.DataFrame] = []
        self.beyond = 0

    def add(self, words: pl.DataFrame) -> None:
        """Takes in the words of a batch (WORD_SCHEMA)."""
        for target, of_field in words.partition_by("field", as_dict=True).items():
            self._pending.append(self._worth_keeping(str(target[0]), of_field))
        # Merged when as much has come as there is: the whole cost stays in proportion to what came.
        if sum(frame.height for frame in self._pending) > max(self._words.height, _MERGE_FROM):
            self._merge()

    def total(self) -> pl.DataFrame:
        """All words (WORD_SCHEMA), one row for each field, word and name."""
        self._merge()
        return self._words

    def _worth_keeping(self, target: str, words: pl.DataFrame) -> pl.DataFrame:
        if target not in self._known:
            return words
        resolved = _resolved(self._known[target], words).with_columns(word_key(pl.col("word")).alias("key"))
        lost = resolved.filter(pl.col("code").is_not_null())
        kept = resolved.filter(pl.col("code").is_null()).join(self._keep, on=["field", "key"], how="semi", maintain_order="left")
        return pl.concat([lost, kept]).select(words.columns)

    def _merge(self) -> None:
        together = pl.concat([self._words, *self._pending])
        self._pending = []
        together = together.group_by("field", "lookup", "word", "name", maintain_order=True).agg(pl.col("rows").sum())
        bounded = pl.col("field").is_in(list(self._known))
        most, self.beyond = most_frequent(together.filter(bounded), self.beyond)
        self._words = pl.concat([together.filter(~bounded), most])


def most_frequent(words: pl.DataFrame, beyond: int) -> tuple[pl.DataFrame, int]:
    """At most MOST_WORDS of them, and ``beyond`` with how many more there are."""
    if words.height <= MOST_WORDS:
        return words, beyond
    return words.sort("rows", "field", "word", descending=[True, False, False]).head(MOST_WORDS), beyond + words.height - MOST_WORDS


def judged(fields: Sequence[FieldPlan], words: pl.DataFrame) -> pl.DataFrame:
    """What the words mean.

    Args:
        fields: Compiled with what Lightfield knows.
        words: WORD_SCHEMA.

    Returns:
        The words, with ``key`` (``word_key``), ``code`` (of the problem, null where there is none), ``candidates`` (String, where there are
        several) and ``settled`` (Boolean: ``unknown`` decides, so no row is stopped).
    """
    parts = [_judged_field(field, words.filter(pl.col("field") == field.target)) for field in fields if field.has_words]
    empty = pl.DataFrame(schema={**WORD_SCHEMA, "key": pl.String, "code": pl.String, "candidates": pl.String, "settled": pl.Boolean})
    return pl.concat([empty, *parts])


def _resolved(resolution: Resolution, words: pl.DataFrame) -> pl.DataFrame:
    return resolution.resolve(words.with_columns(pl.col("word").alias("text"), pl.col("name").alias("named")))


def _judged_field(field: FieldPlan, words: pl.DataFrame) -> pl.DataFrame:
    resolved = _resolved(field.chain.resolution, words)
    candidates = pl.col("candidates") if "candidates" in resolved.columns else pl.lit(None, dtype=pl.String)
    settled = pl.col("code").is_in(RESOLVABLE) if field.rule.unknown != REJECT else pl.lit(value=False)
    return resolved.select(
        *WORD_SCHEMA,
        word_key(pl.col("word")).alias("key"),
        pl.col("code").cast(pl.String),
        candidates.cast(pl.String).alias("candidates"),
        settled.fill_null(value=False).alias("settled"),
    )
