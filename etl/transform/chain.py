"""What does a text of the source become in one field? From ``empty`` to ``max_length``, in the documented order.

A field's result depends on its text alone. So the chain runs over the distinct texts of a batch, and its results are joined back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from etl.config.fields import NOTE, REJECT, SKIP, FieldRule
from etl.task import DESCRIPTION, REQUIRED_TARGETS, TITLE
from etl.transform.problems import MISSING_REQUIRED, NOTE_WORDS, REMARK_WORDS, RESOLVABLE, SQL_FAILED, no_problems, sentence, shorten
from etl.transform.resolve import Resolution
from etl.transform.text import cut, first_line
from etl.transform.values import Translation

TEXT, NAMED, FOUND, CODE, DETAIL = "text", "named", "found", "code", "detail"
VALUE, NOTED, MESSAGE = "value", "note", "message"
REMARK, REMARKED = "remark", "remarked"
_SELDOM = (CODE, MESSAGE, NOTED, REMARK, REMARKED)
_OUTCOME = (TEXT, VALUE, *_SELDOM)
_SEEN = "seen"

_MOST_REMEMBERED = 20_000
"""Distinct texts of a field whose outcomes are remembered: batches are much alike, and small steps cost more than rows do."""


@dataclass(frozen=True, slots=True, eq=False)
class FieldResult:
    """What a batch's rows have in one field.

    Attributes:
        value: String, or List(String) where there may be several; null is left out of the request.
        note: String: the line for the description, null where there is none; None when no row has one.
        problems: PROBLEM_FRAME_SCHEMA, ``index`` being the row's position.
        remarks: The same, of what was decided for a row that is none the worse for it.
    """

    value: pl.Series
    note: pl.Series | None
    problems: pl.DataFrame
    remarks: pl.DataFrame


class _Memory:
    """The outcomes of texts that came before. Several threads may ask at once: the worst is that one text is worked out twice."""

    def __init__(self) -> None:
        self.outcomes = pl.DataFrame(schema=dict.fromkeys(_OUTCOME, pl.String))

    def add(self, known: pl.DataFrame, outcomes: pl.DataFrame) -> pl.DataFrame:
        """``known``, which was taken from here, and these together; they are remembered unless they are too many."""
        together = pl.concat([known, outcomes])
        if together.height <= _MOST_REMEMBERED:
            self.outcomes = together
        return together


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """One field's way from text to value.

    Attributes:
        target: The field.
        rule: What the config says of it.
        described: Its source, for sentences.
        label: Its source, for a line in the description.
        translations: Of ``values``, in order.
        resolution: What makes the word a status, an instant, an id or a text.
        unknown_value: The resolved constant of ``unknown``, None when that is reject, skip or note.
    """

    target: str
    rule: FieldRule
    described: str
    label: str
    translations: tuple[Translation, ...]
    resolution: Resolution
    unknown_value: str | None = None
    _memory: _Memory = field(default_factory=_Memory, init=False)

    @property
    def required(self) -> bool:
        """Is there no task without it?"""
        return self.target in REQUIRED_TARGETS

    @property
    def empty(self) -> str:
        """``empty`` with its default filled in."""
        return self.rule.empty if self.rule.empty is not None else (REJECT if self.required else SKIP)

    @property
    def repeats(self) -> bool:
        """Are distinct texts few? Not of free text, where finding them costs more than it saves."""
        return self.target not in (TITLE, DESCRIPTION) or bool(self.translations)

    def name(self, texts: pl.Series) -> pl.DataFrame:
        """The texts (String) and what ``empty`` and ``values`` make of them: columns ``text`` and ``named``."""
        frame = texts.alias(TEXT).to_frame()
        constant = None if self.empty in (REJECT, SKIP) else self.empty.strip()
        frame = frame.with_columns(pl.col(TEXT).fill_null(constant).alias(NAMED) if constant else pl.col(TEXT).alias(NAMED))
        for translation in self.translations:
            frame = frame.with_columns(translation.apply(pl.col(NAMED)).alias(NAMED))
        return frame.with_columns(pl.when(pl.col(NAMED) != "").then(pl.col(NAMED))) if self.translations else frame

    def outcomes(self, texts: pl.Series) -> pl.DataFrame:
        """The whole chain for each text: ``text``, ``value``, ``code``, ``message``, ``note``, ``remark``, ``remarked`` (all String)."""
        resolved = self.resolution.resolve(self.name(texts))
        coded = resolved.with_columns(pl.coalesce(pl.col(CODE), self._missing()).alias(CODE))
        return self._decide(coded)

    def _missing(self) -> pl.Expr:
        if self.required:
            return pl.when(pl.col(NAMED).is_null()).then(pl.lit(MISSING_REQUIRED))
        if self.empty == REJECT:
            return pl.when(pl.col(TEXT).is_null()).then(pl.lit(MISSING_REQUIRED))
        return pl.lit(None, dtype=pl.String)

    def _decide(self, coded: pl.DataFrame) -> pl.DataFrame:
        code, found = pl.col(CODE), pl.col(FOUND)
        nothing = pl.lit(None, dtype=pl.String)
        undecided = code.is_in(RESOLVABLE).fill_null(value=False) if self.rule.unknown != REJECT else pl.lit(value=False)
        instead = pl.lit(self.unknown_value) if self.unknown_value is not None else nothing
        noted = pl.when(undecided).then(self._note()) if self.rule.unknown == NOTE else nothing
        remark = pl.col(REMARK) if REMARK in coded.columns else nothing
        return coded.select(
            pl.col(TEXT),
            self._shape(pl.when(undecided).then(instead).otherwise(found)).alias(VALUE),
            pl.when(~undecided).then(code).alias(CODE),
            pl.when(~undecided & code.is_not_null()).then(self._message()).alias(MESSAGE),
            noted.alias(NOTED),
            remark.alias(REMARK),
            (pl.when(remark.is_not_null()).then(self._remarked()) if REMARK in coded.columns else nothing).alias(REMARKED),
        )

    def _shape(self, value: pl.Expr) -> pl.Expr:
        value = first_line(value) if self.rule.first_line else value
        return cut(value, self.rule.max_length) if self.rule.max_length else value

    def _note(self) -> pl.Expr:
        words = pl.col(CODE).replace_strict(list(NOTE_WORDS), list(NOTE_WORDS.values()), default=None, return_dtype=pl.String)
        # As it was looked up: a name tells more than the other CRM's id once that CRM is gone.
        return sentence([f"{self.label}: ", pl.coalesce(NAMED, TEXT), " (", words, ")"])

    def _remarked(self) -> pl.Expr:
        words = pl.col(REMARK).replace_strict(list(REMARK_WORDS), list(REMARK_WORDS.values()), default=None, return_dtype=pl.String)
        return sentence([f"{self.target}: '", shorten(pl.col(TEXT)), f"' ({self.described}) ", words, "; read as ", pl.col(FOUND)])

    def _message(self) -> pl.Expr:
        missing = f"{self.target} is empty ({self.described}) and needs a value; fill it in or set map.{self.target}.empty"
        shown = (
            pl.when(pl.col(TEXT) == pl.col(NAMED)).then(pl.lit("")).otherwise(sentence([", translated to '", shorten(pl.col(NAMED)), "',"]))
        )
        start: list[str | pl.Expr] = [
            f"{self.target}: '",
            shorten(pl.coalesce(TEXT, NAMED)),
            f"' ({self.described})",
            shown if self.translations else "",
            " ",
        ]
        told = sentence([*start, self.resolution.complaint(f"map.{self.target}")])
        return pl.when(pl.col(CODE) == MISSING_REQUIRED).then(pl.lit(missing)).otherwise(told)

    def apply(self, texts: pl.Series, failed: pl.Series | None) -> FieldResult:
        """The chain for each row of a batch.

        Args:
            texts: Trimmed texts, null where empty.
            failed: Boolean: rows for which the field's sql failed, or None.
        """
        result = self._apply_several(texts) if texts.dtype == pl.List(pl.String) else self._apply_single(texts)
        return result if failed is None or not failed.any() else self._add_failures(result, failed)

    def _apply_single(self, texts: pl.Series) -> FieldResult:
        rows = self._joined(texts)
        note = rows[NOTED]
        noted = None if note.null_count() == rows.height else note
        return FieldResult(rows[VALUE].alias(self.target), noted, _problem_rows(rows), _remark_rows(rows))

    def _joined(self, texts: pl.Series) -> pl.DataFrame:
        if not self.repeats:
            return self.outcomes(texts)
        known = self._memory.outcomes
        rows = _looked_up(texts, known)
        new = rows.filter(pl.col(_SEEN).is_null())[TEXT]
        if not new.is_empty():
            rows = _looked_up(texts, self._memory.add(known, self.outcomes(new.unique())))
        absent = [column for column in (VALUE, *_SELDOM) if column not in rows.columns]
        return rows.with_columns(pl.lit(None, dtype=pl.String).alias(column) for column in absent)

    def _apply_several(self, texts: pl.Series) -> FieldResult:
        exploded = texts.alias(TEXT).to_frame().with_row_index().explode(TEXT, empty_as_null=True, keep_nulls=True)
        rows = pl.concat([exploded.select("index"), self._joined(exploded[TEXT])], how="horizontal")
        together = rows.group_by("index", maintain_order=True).agg(
            pl.col(VALUE).drop_nulls().unique(maintain_order=True), pl.col(NOTED).drop_nulls().str.join("\n\n")
        )
        value = together.select(pl.when(pl.col(VALUE).list.len() > 0).then(pl.col(VALUE)).alias(self.target)).to_series()
        note = together.select(pl.when(pl.col(NOTED) != "").then(pl.col(NOTED))).to_series()
        return FieldResult(value, None if note.null_count() == note.len() else note, _problem_rows(rows), _remark_rows(rows))

    def _add_failures(self, result: FieldResult, failed: pl.Series) -> FieldResult:
        remedy = "write TRY_CAST instead of CAST, or catch the case with CASE"
        message = f"{self.target}: its sql cannot be worked out for this row ({self.described}); {remedy}"
        places = failed.arg_true().cast(pl.UInt32).alias("index")
        failures = places.to_frame().with_columns(
            pl.lit(SQL_FAILED).alias(CODE), pl.lit(message).alias(MESSAGE), pl.lit(None, dtype=pl.String).alias(VALUE)
        )
        others = result.problems.filter(~pl.col("index").is_in(places.implode()))
        problems = pl.concat([others, failures]).sort("index", maintain_order=True)
        return FieldResult(result.value, result.note, problems, result.remarks)


def _looked_up(texts: pl.Series, outcomes: pl.DataFrame) -> pl.DataFrame:
    """The outcome of each text, SEEN where there is one. A join copies every column, and most batches have nothing in some of them."""
    full = [column for column in _SELDOM if outcomes[column].null_count() < outcomes.height]
    known = outcomes.select(TEXT, VALUE, *full, pl.lit(value=True).alias(_SEEN))
    return texts.alias(TEXT).to_frame().join(known, on=TEXT, how="left", maintain_order="left", nulls_equal=True)


def _problem_rows(rows: pl.DataFrame) -> pl.DataFrame:
    return _told_rows(rows, CODE, MESSAGE)


def _remark_rows(rows: pl.DataFrame) -> pl.DataFrame:
    return _told_rows(rows, REMARK, REMARKED)


def _told_rows(rows: pl.DataFrame, code: str, message: str) -> pl.DataFrame:
    """PROBLEM_FRAME_SCHEMA of the rows that have a code; ``index`` is their position where there is none yet."""
    if rows[code].null_count() == rows.height:
        return no_problems()
    numbered = rows if "index" in rows.columns else rows.with_row_index()
    return numbered.filter(pl.col(code).is_not_null()).select(
        "index", pl.col(code).alias(CODE), pl.col(message).alias(MESSAGE), pl.col(TEXT).alias(VALUE)
    )
