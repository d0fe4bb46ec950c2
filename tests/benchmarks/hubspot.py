"""What does a large HubSpot export look like? The sample's rows, as many as are asked for.

Titles, bodies, statuses, dates and links are those of ``tests/samples/make_hubspot.py``, in the same shares; three bodies in ten are HTML.
Every contact has a number of its own, so that hardly two titles or HTML bodies are alike, as in a real export. One row in two hundred
belongs to somebody who has left, and needs a person.
"""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source

CONFIG = """
extends: hubspot
name: benchmark
timezone: America/New_York
map:
  $assignedTo: {values: []}
  $account: {values: []}
  $opportunity: {values: []}
"""
"""The preset, without the file of names that ``check`` would write beside it."""

ROWS_AT_ONCE = 250_000
LEFT_ONE_IN = 200
PLAIN_COLUMNS = ("Record ID", "Task title", "Task body", "Due date", "Task status", "Assigned to", "Associated Company")

_SAMPLE: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[1] / "samples" / "make_hubspot.py"))
_NUMBER = pl.col("number")
_MOMENT = "%Y-%m-%d %H:%M"


def write_csv(path: Path, rows: int) -> None:
    """An export as HubSpot writes it."""
    with path.open("wb") as file:
        for place, block in enumerate(_blocks(rows)):
            block.write_csv(file, include_header=place == 0)


def write_plain_csv(path: Path, rows: int) -> None:
    """What is left of it where somebody chose the columns: seven, and bodies without HTML."""
    with path.open("wb") as file:
        for place, block in enumerate(_blocks(rows)):
            is_html = pl.col("Task body").str.contains("<")
            plain = block.select(PLAIN_COLUMNS).with_columns(
                pl.when(is_html).then(pl.format("Call {} again.", "Record ID")).otherwise("Task body").alias("Task body")
            )
            plain.write_csv(file, include_header=place == 0)


def write_parquet(path: Path, rows: int) -> None:
    """The same rows as Parquet."""
    blocks = register_io_source(lambda *_: _blocks(rows), schema=dict.fromkeys(_SAMPLE["HEADER"], pl.String))
    blocks.sink_parquet(path, row_group_size=ROWS_AT_ONCE)


def _blocks(rows: int) -> Iterator[pl.DataFrame]:
    for first in range(0, rows, ROWS_AT_ONCE):
        yield make_rows(first, min(ROWS_AT_ONCE, rows - first))


def make_rows(first: int, height: int) -> pl.DataFrame:
    """So many rows from the ``first`` on, the same each time."""
    rows = pl.select(number=pl.int_range(first, first + height)).with_columns(
        contact=pl.format("{} {}", _one_of(_SAMPLE["CONTACTS"], 7), _NUMBER),
        company=pl.when(_NUMBER % 13 != 5).then(
            pl.when(_NUMBER % 20 == 7).then(_one_of(_SAMPLE["UNKNOWN_COMPANIES"], 3)).otherwise(_one_of(_SAMPLE["COMPANIES"], 5))
        ),
        due=pl.datetime(2026, 11, 2, 9) + pl.duration(days=_dice(60, 11), minutes=15 * _dice(36, 13)),
        status=_one_of(_SAMPLE["STATUSES"], 17),
    )
    return rows.select(expression.alias(column) for column, expression in _cells().items())


def _cells() -> dict[str, pl.Expr]:
    created = pl.col("due") - pl.duration(days=5 + _dice(85, 19))
    deal = pl.when(_NUMBER % 50 == 21).then(pl.lit(_SAMPLE["UNKNOWN_DEAL"])).when(_NUMBER % 3 == 0).then(_looked_up(_SAMPLE["DEALS"]))
    two = (_NUMBER % 30 == 3) & (pl.col("company") != "Delta Capital")
    second = pl.when(two).then(pl.lit(";Delta Capital")).otherwise(pl.lit(""))
    cells = {
        "Record ID": (81_204_400_000 + 37 * _NUMBER).cast(pl.String),
        "Task title": _one_filled(_SAMPLE["TITLES"], _NUMBER),
        "Task body": _one_filled(_SAMPLE["BODIES"], _NUMBER * 7),
        "Due date": _due(),
        "Task status": pl.col("status"),
        "Task type": _one_of(_SAMPLE["TYPES"], 23),
        "Priority": _one_of(("None", "Low", "Medium", "High"), 29),
        "Assigned to": pl.when(_NUMBER % LEFT_ONE_IN == 4).then(_one_of(_SAMPLE["LEFT"], 31)).otherwise(_one_of(_SAMPLE["MEMBERS"], 37)),
        "Create date": created.dt.strftime(_MOMENT),
        "Last modified date": (created + pl.duration(days=1)).dt.strftime(_MOMENT),
        "Completion date": pl.when(pl.col("status").str.to_lowercase() == "completed").then(pl.col("due").dt.strftime(_MOMENT)),
        "Associated Contact IDs": (5_501 + _NUMBER).cast(pl.String),
        "Associated Company IDs": pl.when(pl.col("company").is_not_null()).then(pl.lit("7001")),
        "Associated Deal IDs": pl.when(deal.is_not_null()).then(pl.lit("9001")),
        "Associated Contact": pl.format("{} (contact{}@customer.example)", "contact", _NUMBER),
        "Associated Company": pl.concat_str("company", second),
        "Associated Deal": deal,
    }
    return {column: cells[column] for column in _SAMPLE["HEADER"]}


def _due() -> pl.Expr:
    """Mostly local text, sometimes a date alone, ISO, epoch milliseconds, or nothing: the sample's shares."""
    due, form = pl.col("due"), _NUMBER % 20
    return (
        pl.when(form == 3)
        .then(due.dt.strftime("%Y-%m-%d"))
        .when(form == 7)
        .then(due.dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
        .when(form == 11)
        .then(due.dt.strftime("%Y-%m-%dT%H:%M:%S-05:00"))
        .when(form == 14)
        .then(due.dt.epoch("ms").cast(pl.String))
        .when(form == 18)
        .then(pl.lit("--"))
        .when(form != 17)
        .then(due.dt.strftime(_MOMENT))
    )


def _dice(sides: int, seed: int) -> pl.Expr:
    """Dice that fall the same each time."""
    return _NUMBER * (seed * 7_919 + 1) // 64 % 104_729 % sides


def _one_of(texts: Sequence[str], seed: int) -> pl.Expr:
    return pl.lit(pl.Series(list(texts), dtype=pl.String)).gather(_dice(len(texts), seed))


def _looked_up(deals: Mapping[str, str]) -> pl.Expr:
    return pl.col("company").replace_strict(list(deals), list(deals.values()), default=None, return_dtype=pl.String)


def _one_filled(templates: Sequence[str], turn: pl.Expr) -> pl.Expr:
    """The templates in turn, their braces filled."""
    filled = pl.when(turn % len(templates) == 0).then(_filled(templates[0]))
    for place, template in enumerate(templates[1:], 1):
        filled = filled.when(turn % len(templates) == place).then(_filled(template))
    return filled


def _filled(template: str) -> pl.Expr:
    known = {"contact": pl.col("contact"), "company": pl.col("company"), "number": _NUMBER, "host": pl.lit("offers.example.com")}
    texts = re.split(r"\{(\w+)\}", template) if template else []
    return (
        pl.lit(None, dtype=pl.String)
        if not texts
        else pl.concat_str([known[text] if place % 2 else pl.lit(text) for place, text in enumerate(texts)], ignore_nulls=True)
    )
