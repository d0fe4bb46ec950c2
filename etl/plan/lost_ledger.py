"""Does the workspace hold rows that the ledger does not know: is it a lost ledger, or an old copy?

Rule 9 of docs/rules.md; pure. Up to twenty pages of tasks are held against all unknown rows of the look ahead: by their stamps, or else by
what survives the ordinary work on a task, its completion above all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from etl.content import Content, fold_stamped, moment, stamped_keys
from etl.frames import SOURCE_KEY
from etl.plan.choose import CREATE, Choice
from etl.task import ASSIGNED_TO, DESCRIPTION, DUE_AT, TITLE

PAGES = 20
"""How many pages of tasks are looked at."""

_COMPARED = (TITLE, DESCRIPTION, DUE_AT, ASSIGNED_TO)
_TEXTS = dict.fromkeys(_COMPARED, pl.String)
# Lightfield may write markdown its own way, and people add to the end: so the first words alone, without signs.
_READ_CHARACTERS = 250
_KEPT_CHARACTERS = 80
_FEW, _FEW_OF_ROWS, _SURELY_MANY = 2, 0.1, 10
_MOSTLY = 0.5


def spread_offsets(total: int, page_size: int) -> list[int]:
    """Where up to PAGES pages begin that are spread evenly over a list, its first and its last page among them."""
    last = max(0, total - page_size)
    pages = min(PAGES, -(-total // page_size))
    return sorted({round(last * number / max(1, pages - 1)) for number in range(pages)})


def resemblance(frame: pl.DataFrame) -> pl.Series:
    """UInt64, equal for rows and tasks that resemble each other: title, description, due date and assignee, whatever the status.

    Args:
        frame: The targets' columns, String or List(String); a target that it lacks counts as empty. Hashes are comparable within a
            process.
    """
    parts = [_comparable(frame, target) for target in _COMPARED]
    return frame.select(pl.concat_str(parts, separator="\x1f").hash().alias("resemblance")).to_series()


def task_frame(tasks: Iterable[Content]) -> pl.DataFrame:
    """Tasks with the columns and texts of prepared rows."""
    return pl.DataFrame([_as_row(task) for task in tasks], schema=_TEXTS, orient="row")


class UnknownRows:
    """The rows of the look ahead that a run would create; eight bytes a row are held.

    Args:
        name: The import's.
        by_stamp: Hold the rows against stamps alone.
    """

    def __init__(self, name: str, *, by_stamp: bool) -> None:
        self.by_stamp = by_stamp
        self._name = name
        self._parts: list[pl.Series] = []

    def __len__(self) -> int:
        return sum(part.len() for part in self._parts)

    def add(self, choice: Choice) -> None:
        """Take in one batch."""
        frame = choice.frame
        unknown = choice.prepared.frame.filter(frame["action"].is_null() & (frame["intention"] == CREATE))
        if self.by_stamp:
            keys = unknown[SOURCE_KEY]
            # Folding is for keys with blanks or signs in them; it leaves all others as they are.
            if keys.str.contains(r"\s|\\").any():
                keys = pl.Series([fold_stamped(key) for key in keys.to_list()], dtype=pl.String)
            self._parts.append(keys.hash())
        else:
            self._parts.append(resemblance(unknown))

    def matches(self, tasks: Sequence[Content], in_doubt: Iterable[Mapping[str, Any]] = ()) -> int:
        """How many of these tasks could be unknown rows.

        Args:
            tasks: That no row owns.
            in_doubt: The creates' bodies that the ledger knows to be in doubt: tasks like them are theirs.
        """
        held = pl.concat(self._parts).alias("hash") if self._parts else pl.Series("hash", [], dtype=pl.UInt64)
        if self.by_stamp:
            stamps = [key for task in tasks for key in stamped_keys(task.fields.get(DESCRIPTION), self._name)]
            return int(pl.Series("hash", stamps, dtype=pl.String).hash().unique().is_in(held.implode()).sum())
        theirs = resemblance(pl.DataFrame([_body_row(body) for body in in_doubt], schema=_TEXTS, orient="row"))
        hashes = resemblance(task_frame(tasks)).alias("hash").to_frame().filter(~pl.col("hash").is_in(theirs.implode()))
        found = hashes.group_by("hash").agg(pl.len().alias("tasks"))
        rows = held.to_frame().join(found, on="hash", how="semi").group_by("hash").agg(pl.len().alias("rows"))
        both = found.join(rows, on="hash")
        # A lost import has left at most one task a row; more tasks than rows of one kind are what people repeat. Where most of the
        # tasks that match are of such kinds, the others are so by chance.
        told = int(both.filter(pl.col("tasks") <= pl.col("rows"))["tasks"].sum())
        return told if told >= int(both["tasks"].sum()) * _MOSTLY else 0

    def look_lost(self, matches: int) -> bool:
        """Are so many matches more than chance? One stamp is enough; else more than a tenth of the rows, at least 3, at most 11."""
        if self.by_stamp:
            return matches > 0
        return matches > max(_FEW, min(_SURELY_MANY, len(self) * _FEW_OF_ROWS))


def _comparable(frame: pl.DataFrame, target: str) -> pl.Expr:
    if target not in frame.columns:
        return pl.lit("")
    if isinstance(frame.schema[target], pl.List):
        return pl.col(target).list.sort().list.join(",").fill_null("")
    value = pl.col(target).cast(pl.String)
    if target in {TITLE, DESCRIPTION}:
        words = value.str.head(_READ_CHARACTERS).str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ")
        value = words.str.strip_chars().str.head(_KEPT_CHARACTERS)
    return value.fill_null("")


def _as_row(task: Content) -> tuple[Any, ...]:
    texts = {key: value for key, value in task.fields.items() if isinstance(value, str)}
    assigned = ",".join(sorted(task.relationships.get(ASSIGNED_TO, ())))
    return texts.get(TITLE), texts.get(DESCRIPTION), _instant_text(texts.get(DUE_AT)), assigned


def _body_row(body: Mapping[str, Any]) -> tuple[Any, ...]:
    """As ``_as_row``; a body's texts are those of a prepared row already."""
    fields, assigned = body.get("fields", {}), body.get("relationships", {}).get(ASSIGNED_TO, "")
    return (
        fields.get(TITLE),
        fields.get(DESCRIPTION),
        fields.get(DUE_AT),
        assigned if isinstance(assigned, str) else ",".join(sorted(assigned)),
    )


def _instant_text(text: str | None) -> str | None:
    """As ``transform`` writes instants: UTC, milliseconds where there are some."""
    instant = moment(text)
    if instant is None:
        return text
    milliseconds = f".{instant.microsecond // 1000:03d}" if instant.microsecond // 1000 else ""
    return f"{instant:%Y-%m-%dT%H:%M:%S}{milliseconds}Z"
