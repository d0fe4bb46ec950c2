"""What comes to light when a drafted config is held against the whole file? Words of the status, and times without a zone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from etl.config.columns import find_column
from etl.config.fields import ValuesMapping
from etl.config.model import JobConfig, ReadConfig
from etl.extract.exclude import excluded_columns
from etl.extract.scan import OpenSource
from etl.frames import EXCLUDED, EXTRACT_CODE, ROW
from etl.task import DUE_AT, STATUS, STATUSES
from etl.transform.compile import FieldPlan, Recipe, compile_recipe
from etl.transform.lookups import unchecked_tables
from etl.transform.mentions import build_chain, targets_with_several
from etl.transform.problems import NO_TIMEZONE
from etl.transform.text import clean_cells
from etl.transform.values import translate_words


@dataclass(slots=True)
class Findings:
    """What the file's rows say; excluded rows are left out.

    Attributes:
        rows: Of the input, those that are excluded not counted.
        words: Texts of the status before they are translated, with their rows.
        known: What the map makes of those that it knows.
        preset_words: All that the map translates.
        zoneless: The first time that carries no zone, such as ``row 2: '2026-11-09 15:15'``; None where there is none.
        read: The columns of the first file that a field, the key or ``source.exclude`` is made of.
    """

    rows: int = 0
    words: Counter[str] = field(default_factory=Counter)
    known: Mapping[str, str] = field(default_factory=dict)
    preset_words: Mapping[str, str] = field(default_factory=dict)
    zoneless: str | None = None
    read: frozenset[str] = frozenset()


def try_out(config: ReadConfig, source: OpenSource) -> Findings:
    """Map every row; nobody is asked, and side files are not read.

    Args:
        config: The draft, which names no zone.
        source: The input, opened as the draft says.

    Raises:
        ConfigError: The draft cannot be used on a file.
        SourceError, SourceChangedError: As ``OpenSource.batches``.
    """
    job, found = config.job, Findings()
    recipes = [compile_recipe(config, file, unchecked_tables(job), many=targets_with_several(job), side_files={}) for file in source.files]
    found.read = _read(recipes[0], job, source.files[0].columns)
    for raw in source.batches(columns=[recipe.columns for recipe in recipes]):
        recipe, rows = recipes[raw.file.index], raw.frame.filter(~pl.col(EXCLUDED), pl.col(EXTRACT_CODE).is_null())
        plans = {plan.target: plan for plan in recipe.fields if plan.source.columns}
        found.rows += rows.height
        if STATUS in plans:
            texts, _ = _texts(plans[STATUS], rows, recipe.null_values)
            found.words.update(dict(texts.drop_nulls().value_counts(name="rows").iter_rows()))
        if DUE_AT in plans and found.zoneless is None:
            found.zoneless = _zoneless(plans[DUE_AT], rows, recipe.null_values)
    found.known = _known(job, list(found.words))
    steps = [step.entries for step in job.map[STATUS].values if isinstance(step, ValuesMapping)]
    found.preset_words = {word: status for entries in steps for word, status in entries.items()}
    return found


def _read(recipe: Recipe, job: JobConfig, columns: Sequence[str]) -> frozenset[str]:
    excluding = (find_column(columns, (name,)) for name in excluded_columns(job.source.exclude))
    key = () if job.source.key_is_content else recipe.key.columns
    return frozenset(column for plan in recipe.fields for column in plan.source.columns).union(key, filter(None, excluding))


def _texts(plan: FieldPlan, rows: pl.DataFrame, null_values: tuple[str, ...]) -> tuple[pl.Series, pl.Series | None]:
    return plan.source.read(clean_cells(rows, plan.source.columns, null_values))


def _zoneless(plan: FieldPlan, rows: pl.DataFrame, null_values: tuple[str, ...]) -> str | None:
    texts, failed = _texts(plan, rows, null_values)
    problems = plan.chain.apply(texts, failed).problems.filter(pl.col("code") == NO_TIMEZONE)
    first = problems.select("index", "value").head(1).iter_rows()
    return next((f"row {rows[ROW][index]:,}: {value!r}" for index, value in first), None)


def _known(job: JobConfig, words: list[str]) -> Mapping[str, str]:
    rule = job.map[STATUS]
    chain = build_chain(STATUS, rule, {})
    named = [step for step in rule.values if isinstance(step, ValuesMapping)]
    results = translate_words(words, chain) if named else words
    return {word: result for word, result in zip(words, results, strict=True) if result in STATUSES}
