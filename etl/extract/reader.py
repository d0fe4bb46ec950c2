"""Which reader opens a file, and as what?"""

from __future__ import annotations

from pathlib import PurePath

from etl.config.model import SourceConfig
from etl.errors import SourceError
from etl.extract.columnar import open_ndjson, open_parquet
from etl.extract.delimited import open_delimited
from etl.extract.scratch import Scratch
from etl.extract.spool import PlainFile
from etl.extract.table import Table
from etl.extract.workbook import open_xlsx

FORMATS = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".xlsx": "xlsx",
}
"""From a suffix to the format."""

_PARQUET_MAGIC = b"PAR1"
_WORKBOOK_MAGIC = b"PK\x03\x04"
_NDJSON_START = b'{"'


def open_table(plain: PlainFile, source: SourceConfig, names: frozenset[str], scratch: Scratch) -> Table:
    """One plain file, opened.

    Args:
        plain: The file.
        source: How to read it.
        names: Every column name that the config mentions.
        scratch: For copies.

    Raises:
        SourceError: It cannot be used.
    """
    if plain.path.stat().st_size == 0:
        raise SourceError(f"{plain.shown} is empty: there is not even a header in it", next_step="check the export, or name another file")
    kind = source.format or format_of(plain)
    if kind == "parquet":
        return open_parquet(plain, names)
    if kind == "ndjson":
        return open_ndjson(plain, names)
    if kind == "xlsx":
        return open_xlsx(plain, source, names, scratch)
    return open_delimited(plain, source, names, scratch, tabbed=kind == "tsv")


def format_of(plain: PlainFile) -> str:
    """The format by the suffix, else by the first bytes."""
    by_suffix = FORMATS.get(PurePath(plain.name).suffix.lower())
    if by_suffix is not None:
        return by_suffix
    with plain.path.open("rb") as file:
        head = file.read(4)
    if head.startswith(_PARQUET_MAGIC):
        return "parquet"
    if PurePath(plain.name).suffix == "":
        if head.startswith(_WORKBOOK_MAGIC):
            return "xlsx"
        if head.startswith(_NDJSON_START):
            return "ndjson"
    return "csv"
