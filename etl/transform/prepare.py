"""A batch of rows as they stand in a file becomes the same rows as tasks, or as problems."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from etl.content import stamp_prefix
from etl.frames import (
    CONTENT_HASH,
    EXCLUDED,
    EXTRACT_CODE,
    EXTRACT_MESSAGE,
    FINGERPRINT,
    GIVEN_KEY,
    HAS_PROBLEM,
    KEY_DIGEST,
    KEY_HASH,
    PROBLEM_CODE,
    PROBLEM_FIELD,
    PROBLEM_MESSAGE,
    PROBLEM_VALUE,
    ROW,
    SOURCE_KEY,
    PreparedBatch,
    RawBatch,
    SourceFile,
)
from etl.task import DESCRIPTION, DUE_AT
from etl.transform.chain import FieldResult
from etl.transform.compile import FieldPlan, Recipe
from etl.transform.hashes import key_hash
from etl.transform.identity import ContentCounter, canonical_text, column_keys, digests
from etl.transform.parts import split_texts, with_rest_noted
from etl.transform.problems import no_problems
from etl.transform.sources import add_markdown
from etl.transform.text import clean_cells

_OWN_KINDS = {ROW: pl.UInt32, EXCLUDED: pl.Boolean, GIVEN_KEY: pl.String, EXTRACT_CODE: pl.String, EXTRACT_MESSAGE: pl.String}
_OWN_COLUMNS = tuple(_OWN_KINDS)
_PROBLEM_COLUMNS = (ROW, PROBLEM_CODE, PROBLEM_FIELD, PROBLEM_MESSAGE, PROBLEM_VALUE)
_NOTHING_FOUND = pl.DataFrame(schema={name: pl.UInt32 if name == ROW else pl.String for name in _PROBLEM_COLUMNS})
_NO_TEXT = pl.lit(None, dtype=pl.String)
_NO_DIGEST = pl.lit(None, dtype=pl.Binary)


def prepare(recipe: Recipe, raw: RawBatch, content: ContentCounter | None = None, *, with_digests: bool = True) -> PreparedBatch:
    """Map a batch.

    Args:
        recipe: Compiled for this batch's file.
        raw: Holds at least the recipe's columns.
        content: With ``key: content``, the counter of this pass over the input.
        with_digests: False leaves KEY_DIGEST and FINGERPRINT null, which a ledger that knows nothing does not miss: they are the
            one loop over rows that Python runs, two fifths of the whole.

    Raises:
        ValueError: The key is the content, and there is no counter.
    """
    cells = read_cells(recipe.fields, raw, recipe.columns, recipe.null_values)
    texts, results = _map_fields(recipe.fields, cells)
    keys = read_keys(recipe, raw, cells, content)
    problems = gather_problems(recipe, raw.frame, keys, results)
    remarks = gather_remarks(recipe, raw.frame, results)
    mapped = _with_description(recipe, results, keys["key"])
    content_frame = _with_bad_texts(recipe, mapped, texts, results)
    frame = raw.frame.select(ROW, EXCLUDED).with_columns(
        keys["key"].alias(SOURCE_KEY),
        keys["key"].to_frame("key").select(key_hash(pl.col("key"))).to_series().alias(KEY_HASH),
        _content_hash(mapped, content_frame).alias(CONTENT_HASH),
        (digests(keys["key"]) if with_digests else _NO_DIGEST).alias(KEY_DIGEST),
        (_fingerprints(content_frame) if with_digests else _NO_DIGEST).alias(FINGERPRINT),
        pl.col(ROW).is_in(problems[ROW].unique().implode()).alias(HAS_PROBLEM),
        *mapped.get_columns(),
    )
    return PreparedBatch(raw, frame, problems, remarks)


def date_columns(recipe: Recipe) -> tuple[str, ...]:
    """The file's columns that ``date_words`` needs."""
    return tuple(column for field in recipe.fields if field.target == DUE_AT for column in field.source.columns)


def date_words(recipe: Recipe, raw: RawBatch) -> pl.DataFrame:
    """The dates as the formats will read them; excluded and unreadable rows are left out.

    Args:
        recipe: Compiled for this batch's file, with any tables; it maps ``$dueAt``.
        raw: Holds at least the ``date_columns``.

    Returns:
        ROW, ``word`` (String, trimmed and after ``values``, null where there is none).
    """
    field = next(field for field in recipe.fields if field.target == DUE_AT)
    cells = read_cells([field], readable(raw), date_columns(recipe), recipe.null_values)
    texts, _ = read_texts(field, cells)
    return cells.select(ROW).with_columns(field.chain.name(texts)["named"].alias("word"))


def readable(raw: RawBatch) -> RawBatch:
    """Without excluded and unreadable rows."""
    if raw.frame[EXTRACT_CODE].null_count() == raw.frame.height and not raw.frame[EXCLUDED].any():
        return raw
    return RawBatch(raw.file, raw.frame.filter(~pl.col(EXCLUDED), pl.col(EXTRACT_CODE).is_null()))


def distinct_rows(file: SourceFile, cells: Sequence[pl.Series], height: int) -> RawBatch:
    """Cells as a batch, for what a cell means by itself: our own columns are null."""
    return RawBatch(file, pl.DataFrame(schema=_OWN_KINDS).clear(height).hstack(list(cells)))


def read_cells(fields: Sequence[FieldPlan], raw: RawBatch, columns: Sequence[str], null_values: Sequence[str]) -> pl.DataFrame:
    """Our own columns, the cells trimmed (null where empty), and beside them as markdown those that are HTML."""
    cells = raw.frame.select(_OWN_COLUMNS).with_columns(clean_cells(raw.frame, columns, null_values).get_columns())
    return add_markdown(cells, [field.source for field in fields])


def read_texts(field: FieldPlan, cells: pl.DataFrame) -> tuple[pl.Series, pl.Series | None]:
    """A field's texts, after ``split``, and for sql the rows for which it failed; ``cells`` from ``read_cells``."""
    texts, failed = _read_whole_texts(field, cells)
    return split_texts(texts, field.rule), failed


def _read_whole_texts(field: FieldPlan, cells: pl.DataFrame) -> tuple[pl.Series, pl.Series | None]:
    texts, failed = field.source.read(cells)
    if texts.len() != cells.height:  # a constant
        texts = texts.new_from_index(0, cells.height)
    return texts, failed


def _map_fields(fields: Sequence[FieldPlan], cells: pl.DataFrame) -> tuple[list[pl.Series], list[FieldResult]]:
    mapped = [map_field(field, cells) for field in fields]
    return [texts for texts, _ in mapped], [result for _, result in mapped]


def map_field(field: FieldPlan, cells: pl.DataFrame) -> tuple[pl.Series, FieldResult]:
    """A field's texts, after ``split``, and what becomes of them; ``cells`` from ``read_cells``."""
    whole, failed = _read_whole_texts(field, cells)
    texts = split_texts(whole, field.rule)
    return texts, with_rest_noted(field.chain.apply(texts, failed), whole, field.chain)


def read_keys(recipe: Recipe, raw: RawBatch, cells: pl.DataFrame, content: ContentCounter | None) -> pl.DataFrame:
    """As ``column_keys``, or of the content; ``cells`` from ``read_cells`` with the key's columns at least.

    Raises:
        ValueError: The key is the content, and there is no counter.
    """
    if not recipe.key.by_content:
        return column_keys(recipe.key, cells)
    if content is None:
        raise ValueError("key: content needs a counter; take one from ContentCensus.counter()")
    return content.keys(raw)


def gather_problems(recipe: Recipe, raw: pl.DataFrame, keys: pl.DataFrame, results: Sequence[FieldResult]) -> pl.DataFrame:
    """All problems in the order of rows, then of reading, key and map. Where the reading failed, the cells are not judged."""
    unread = raw.select(pl.col(EXTRACT_CODE).alias("code"), pl.col(EXTRACT_MESSAGE).alias("message"), _NO_TEXT.alias("value"))
    found = [
        (_coded(unread), None),
        (_coded(keys.select("code", "message", "value")), recipe.key.label or None),
        *((result.problems, field.target) for field, result in zip(recipe.fields, results, strict=True)),
    ]
    # Most batches have problems in few fields, and small steps cost more than rows do.
    return _in_order(raw, [_labelled(problems, field, place) for place, (problems, field) in enumerate(found) if not problems.is_empty()])


def _coded(found: pl.DataFrame) -> pl.DataFrame:
    """The rows that have a code, with their position."""
    return no_problems() if found["code"].null_count() == found.height else found.with_row_index().drop_nulls("code")


def gather_remarks(recipe: Recipe, raw: pl.DataFrame, results: Sequence[FieldResult]) -> pl.DataFrame | None:
    """All remarks in the order of rows and then of the map; None where there are none."""
    if all(result.remarks.is_empty() for result in results):
        return None
    frames = [_labelled(result.remarks, field.target, 1) for field, result in zip(recipe.fields, results, strict=True)]
    return _in_order(raw, frames)


def _in_order(raw: pl.DataFrame, labelled: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """With row numbers instead of positions; without the excluded rows, and what was judged of rows that could not be read."""
    if not labelled:
        return _NOTHING_FOUND
    own = raw.select(ROW, EXCLUDED, EXTRACT_CODE).with_row_index()
    judged = pl.concat(labelled).join(own, on="index", how="left", maintain_order="left")
    judged = judged.filter(~pl.col(EXCLUDED), (pl.col("place") == 0) | pl.col(EXTRACT_CODE).is_null())
    return judged.sort("index", "place", maintain_order=True).select(_PROBLEM_COLUMNS)


def _labelled(problems: pl.DataFrame, field: str | None, place: int) -> pl.DataFrame:
    return problems.select(
        pl.col("index"),
        pl.lit(place, dtype=pl.UInt32).alias("place"),
        pl.col("code").alias(PROBLEM_CODE),
        pl.lit(field, dtype=pl.String).alias(PROBLEM_FIELD),
        pl.col("message").alias(PROBLEM_MESSAGE),
        pl.col("value").alias(PROBLEM_VALUE),
    )


def _with_description(recipe: Recipe, results: Sequence[FieldResult], keys: pl.Series) -> pl.DataFrame:
    """The targets' columns; the description ends with the notes, a paragraph each, and the stamp."""
    columns = {result.value.name: result.value for result in results}
    paragraphs = [columns[DESCRIPTION]] if DESCRIPTION in columns else []
    paragraphs += [result.note for result in results if result.note is not None]
    if recipe.stamp:
        paragraphs.append(keys.to_frame("key").select(pl.concat_str(pl.lit(stamp_prefix(recipe.name)), pl.col("key"))).to_series())
    if DESCRIPTION in recipe.targets and (len(paragraphs) > 1 or DESCRIPTION not in columns):
        columns[DESCRIPTION] = _join_paragraphs(paragraphs, keys.len())
    return pl.DataFrame([columns[target].alias(target) for target in recipe.targets])


def _join_paragraphs(paragraphs: Sequence[pl.Series], height: int) -> pl.Series:
    if not paragraphs:
        return pl.Series([None] * height, dtype=pl.String)
    frame = pl.DataFrame([paragraph.alias(str(place)) for place, paragraph in enumerate(paragraphs)])
    joined = pl.concat_str(pl.all(), separator="\n\n", ignore_nulls=True)
    return frame.select(pl.when(joined != "").then(joined)).to_series()


def _with_bad_texts(recipe: Recipe, mapped: pl.DataFrame, texts: Sequence[pl.Series], results: Sequence[FieldResult]) -> pl.DataFrame:
    """The mapped content; a row with problems counts with what its fields held, so that different bad rows differ."""
    bad = []
    for field, text, result in zip(recipe.fields, texts, results, strict=True):
        if not result.problems.is_empty():
            rows = text.to_frame("text").with_row_index()
            is_bad = pl.col("index").is_in(result.problems["index"].unique().implode())
            bad.append(rows.select(pl.when(is_bad).then(pl.col("text")).alias(f"!{field.target}")).to_series())
    return mapped.with_columns(*bad)


def _content_hash(mapped: pl.DataFrame, content: pl.DataFrame) -> pl.Series:
    """UInt64, equal for rows of equal content, whatever else is wrong in their batches: what was bad in a row counts for that row alone."""
    bad = [
        pl.when(pl.col(name).is_not_null()).then(pl.struct(pl.lit(name).alias("field"), name).hash()).otherwise(pl.lit(0, pl.UInt64))
        for name in content.columns[mapped.width :]
    ]
    hashed = pl.struct(mapped.columns).hash()
    for each in bad:
        hashed = hashed.xor(each)
    return content.select(hashed).to_series()


def _fingerprints(content: pl.DataFrame) -> pl.Series:
    return digests(content.select(canonical_text(content.schema)).to_series())
