"""Which parts of a cell with several values does a field take, and what becomes of the others?"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from etl.config.fields import NOTE, FieldRule
from etl.transform.chain import Chain, FieldResult
from etl.transform.problems import sentence

_REST = "not linked: only the first of several is taken"


def split_texts(texts: pl.Series, rule: FieldRule) -> pl.Series:
    """``split`` and ``take``: the first part with text, or all of them as List(String); null where there is none."""
    if rule.split is None:
        return texts
    if rule.take == "all":
        parts = _parts(texts, rule.split)
        return parts.select(pl.when(pl.col("parts").list.len() > 0).then("parts").alias(texts.name)).to_series()
    # A text without the separator is its own first part, and most are.
    places = _divided(texts, rule.split)
    return texts.clone().scatter(places, _parts(texts.gather(places), rule.split)["parts"].list.first())


def value_parts(rule: FieldRule) -> list[str]:
    """The constant of ``value`` as the field takes it: trimmed, and split like a cell."""
    if rule.value is None:
        return []
    whole = rule.value.strip()
    parts = [part.strip() for part in whole.split(rule.split) if part.strip()] if rule.split else [whole]
    return parts if rule.take == "all" else parts[:1]


def _divided(texts: pl.Series, separator: str) -> pl.Series:
    """Positions of the texts that hold the separator."""
    return texts.str.contains(separator, literal=True).arg_true()


def _parts(texts: pl.Series, separator: str) -> pl.DataFrame:
    """Column ``parts``: the trimmed parts that have text."""
    split = texts.to_frame("text").select(pl.col("text").str.split(separator).list.eval(pl.element().str.strip_chars()).alias("parts"))
    return split.select(pl.col("parts").list.eval(pl.element().filter(pl.element() != "")))


def with_rest_noted(result: FieldResult, texts: pl.Series, chain: Chain) -> FieldResult:
    """What ``take: first`` leaves aside stands in the description, where ``unknown: note`` asks for what is left out.

    Args:
        result: Of the parts that are taken.
        texts: The whole texts, before they were split.
        chain: The field's.
    """
    rule = chain.rule
    if rule.split is None or rule.take != "first" or rule.unknown != NOTE:
        return result
    places = _divided(texts, rule.split)
    if places.is_empty():
        return result
    others = _parts(texts.gather(places), rule.split).select(
        pl.col("parts").list.unique(maintain_order=True).list.slice(1).list.join("; ").alias("others")
    )
    line = sentence([f"{chain.label}: ", pl.col("others"), f" ({_REST})"])
    said = others.select(pl.when(pl.col("others") != "").then(line)).to_series()
    rest = pl.repeat(None, texts.len(), dtype=pl.String, eager=True).scatter(places, said).alias("rest")
    notes = [rest] if result.note is None else [result.note.alias("note"), rest]
    joined = pl.DataFrame(notes).select(pl.concat_str(pl.all(), separator="\n\n", ignore_nulls=True).alias("note"))
    note = joined.select(pl.when(pl.col("note") != "").then("note")).to_series()
    return replace(result, note=None if note.null_count() == note.len() else note)
