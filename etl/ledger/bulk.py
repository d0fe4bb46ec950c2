"""How are many rows of a SQLite table read without a Python object for each of their values?

SQLite writes them as CSV, polars reads that: a third of the processor time that tuples take, and almost none of it holds the interpreter's
lock, so that the next rows are prepared meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import polars as pl
from sqlalchemy.engine.interfaces import DBAPICursor

_DIGEST_BYTES = 16
_AT_ONCE = 100_000
_PLACE = "place"

# A loop inside the statement: a hundred thousand parameters would each be a Python object, and take longer than their rows.
_QUERY = """WITH RECURSIVE wanted (place) AS (SELECT 0 UNION ALL SELECT place + 1 FROM wanted WHERE place + 1 < :rows)
    SELECT group_concat(printf({line}), char(10)) FROM wanted CROSS JOIN {table} AS found
    ON found.import_id = :import_id AND found.key_digest = substr(:digests, place * {digest_bytes} + 1, {digest_bytes})"""


def frame_by_digest(
    cursor: DBAPICursor, table: str, columns: Mapping[str, pl.DataType], import_id: int, digests: pl.Series
) -> pl.DataFrame:
    """The import's rows of these digests.

    Args:
        cursor: Of a transaction.
        table: With the columns ``import_id`` and ``key_digest``.
        columns: Binary, String or Int32; an empty Binary is read as null.
        import_id: Whose rows.
        digests: Binary, 16 bytes each; none twice, no nulls.

    Returns:
        ``key_digest`` and the columns, in the order of the digests.
    """
    query = _query(table, tuple((name, kind) for name, kind in columns.items()))
    ordered = digests.sort().alias("key_digest")
    parts = [_part(cursor, query, columns, import_id, ordered[start : start + _AT_ONCE]) for start in range(0, len(ordered), _AT_ONCE)]
    return pl.concat(parts) if parts else pl.DataFrame(schema={"key_digest": pl.Binary, **columns})


def _part(cursor: DBAPICursor, query: str, columns: Mapping[str, pl.DataType], import_id: int, digests: pl.Series) -> pl.DataFrame:
    cursor.execute(query, {"digests": b"".join(digests.to_list()), "rows": len(digests), "import_id": import_id})
    lines = cursor.fetchall()[0][0]
    found = _read(lines or "", columns)
    return found.select(digests.gather(found[_PLACE]), *columns)


def _read(text: str, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    read_as = {_PLACE: pl.UInt32(), **{name: pl.String() if kind == pl.Binary else kind for name, kind in columns.items()}}
    found = pl.read_csv(text.encode(), has_header=False, schema=read_as, raise_if_empty=False)
    return found.with_columns(pl.col(name).str.decode("hex") for name, kind in columns.items() if kind == pl.Binary)


@cache
def _query(table: str, columns: tuple[tuple[str, pl.DataType], ...]) -> str:
    cells = [_cell(name, kind) for name, kind in columns]
    line = ", ".join(["'" + ",".join(["%d", *(form for form, _ in cells)]) + "'", "place", *(value for _, value in cells)])
    return _QUERY.format(line=line, table=table, digest_bytes=_DIGEST_BYTES)


def _cell(name: str, kind: pl.DataType) -> tuple[str, str]:
    """How a column is printed: its form, and the expression."""
    column = f"found.{name}"
    if kind == pl.Binary:
        return "%s", f"hex({column})"
    if kind == pl.String:
        # Null is nothing at all, a text stands between quotation marks.
        return "%s", f"""'"' || replace({column}, '"', '""') || '"'"""
    return "%d", column
