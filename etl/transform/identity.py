"""Which row is this, for ever? Source keys, content keys, fingerprints and idempotency keys.

Everything here is the same on any machine, with any Python and any polars: text goes in, SHA-256 comes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import polars as pl

from etl.cells import column
from etl.frames import GIVEN_KEY, RawBatch
from etl.transform.problems import MANGLED_KEY, MISSING_KEY, quoted, sentence

_SCHEME = "lfetl1"
_NO_TEXT = pl.lit(None, dtype=pl.String)

# What spreadsheets and float columns write of a long number. `12e45` may be a real id, so a sign or a fraction is needed.
_MANGLED = r"^[+-]?[0-9]+(?:[.,][0-9]+[eE][+-]?|[eE][+-])[0-9]+$"


def row_key_digest(source_key: str) -> bytes:
    """16 bytes that stand for a source key: the first half of its SHA-256."""
    return sha256(source_key.encode()).digest()[:16]


def digests(texts: pl.Series) -> pl.Series:
    """``row_key_digest`` of each text of a String series, as Binary; null stays null. The one loop over rows that Python runs."""
    hashed = [None if data is None else sha256(data).digest()[:16] for data in texts.cast(pl.Binary).to_list()]
    return pl.Series(texts.name, hashed, dtype=pl.Binary)


def idempotency_key(  # noqa: PLR0913  the parts that rule 2 names
    name: str,
    operation: str,
    source_key: str,
    generation: int,
    *,
    revision: int | None = None,
    payload_digest: bytes | None = None,
) -> str:
    """The key under which Lightfield executes a write once (rule 2, docs/rules.md).

    Args:
        name: The import's name.
        operation: ``create``, ``update``, ``trash`` or ``restore``.
        source_key: The row's identity.
        generation: Raised each time the row's task is trashed.
        revision: Of updates: acknowledged writes so far.
        payload_digest: Of updates: digest of what is sent.

    Returns:
        ``lfetl1-`` and 64 hex digits.
    """
    parts = (_SCHEME, name, operation, source_key, str(generation), revision, payload_digest.hex() if payload_digest is not None else None)
    text = "".join("-;" if part is None else f"{len(str(part).encode())}:{part};" for part in parts)
    return f"{_SCHEME}-{sha256(text.encode()).hexdigest()}"


def normalise_key_part(text: pl.Expr) -> pl.Expr:
    """A trimmed key cell as it identifies: a whole number without its ``.0``."""
    return text.str.replace(r"^([+-]?[0-9]+)\.0+$", "${1}")


def compose(texts: pl.Series) -> pl.Series:
    """NFC of a String series; plain ASCII, which normalising would read in vain at 5 µs a cell, is passed on."""
    return texts if texts.str.len_bytes().sum() == texts.str.len_chars().sum() else texts.str.normalize("NFC")


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """How rows of a file are identified: by ``parts``, or by all their cells.

    Attributes:
        parts: For each part of the key the file's own names of its column; several only in a failures file that was made of files
            with different names for it, where each row has a text in one of them.
        by_content: There is no key column.
    """

    parts: tuple[tuple[str, ...], ...]
    by_content: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read."""
        return tuple(column for part in self.parts for column in part)

    @property
    def label(self) -> str:
        """The columns, for sentences."""
        return " and ".join(" or ".join(part) for part in self.parts)


def column_keys(plan: KeyPlan, cells: pl.DataFrame) -> pl.DataFrame:
    """Source keys from key columns.

    Args:
        plan: Which columns.
        cells: Trimmed cells, null where empty; holds GIVEN_KEY too, which is taken where it is not null.

    Returns:
        ``key`` (String or null), ``code``, ``message``, ``value`` (null where the key is good).
    """
    parts = cells.select(pl.coalesce([column(name) for name in part]).alias(str(index)) for index, part in enumerate(plan.parts))
    parts = parts.select(_without_fraction(compose(part)) for part in parts)
    columns = [pl.col(name) for name in parts.columns]
    key = (
        columns[0] if len(columns) == 1 else pl.concat_str(piece for part in columns for piece in (part.str.len_chars(), pl.lit(":"), part))
    )
    mangled = [pl.when(pl.col(part.name).str.contains(_MANGLED)).then(pl.col(part.name)) for part in parts if _has_sign(part, "eE")]
    frame = parts.select(key.alias("key"), pl.coalesce(*mangled, _NO_TEXT).alias("value"), cells[GIVEN_KEY].alias("given"))
    if frame["key"].null_count() == 0 and all(frame[name].null_count() == frame.height for name in ("value", "given")):
        return frame.select("key", _NO_TEXT.alias("code"), _NO_TEXT.alias("message"), "value")
    return frame.select(_judge_keys(plan))


def _without_fraction(part: pl.Series) -> pl.Series:
    return part.to_frame().select(normalise_key_part(pl.all())).to_series() if _has_sign(part, ".") else part


def _has_sign(part: pl.Series, signs: str) -> bool:
    """Does some cell hold one of the characters? They are found ten times as fast as what they are a part of."""
    return any(part.str.contains(sign, literal=True).any() for sign in signs)


def _judge_keys(plan: KeyPlan) -> list[pl.Expr]:
    given, key, mangled = pl.col("given"), pl.col("key"), pl.col("value")
    ungiven = given.is_null()
    code = pl.when(ungiven & mangled.is_not_null()).then(pl.lit(MANGLED_KEY)).when(ungiven & key.is_null()).then(pl.lit(MISSING_KEY))
    ruined = sentence(
        [
            quoted(mangled),
            f" (column {plan.label}) is what a spreadsheet made of a longer number; export the file again and do not save it in one",
        ]
    )
    empty = sentence([f"the key (column {plan.label}) is empty; fill it in, or choose other columns under source.key"])
    message = pl.when(code == MANGLED_KEY).then(ruined).when(code == MISSING_KEY).then(empty)
    good = pl.coalesce(given, pl.when(mangled.is_null()).then(key))
    return [good.alias("key"), code.alias("code"), message.alias("message"), pl.when(code.is_not_null()).then(mangled).alias("value")]


def content_digests(raw: RawBatch) -> list[str]:
    """Hex SHA-256 of each row's own cells: column names in order, names and raw text length-prefixed, empty cells left out."""
    pieces: list[pl.Expr] = []
    for name in sorted(raw.file.columns):
        cell = column(name)
        pieces += [pl.concat_str(pl.lit(f"{len(name.encode())}:{name}"), cell.str.len_bytes(), pl.lit(":")), cell]
    texts = raw.frame.select(pl.concat_str(pieces, ignore_nulls=True).cast(pl.Binary)).to_series()
    return [sha256(data).hexdigest() for data in texts.to_list()]


@dataclass(slots=True)
class ContentCounter:
    """Numbers identical rows in the order of the input, across batches and files.

    Attributes:
        repeated: The first 16 hex digits of the hashes that may occur more than once; None when no census was taken,
            which costs memory for every row.
    """

    repeated: frozenset[str] | None
    _seen: Counter[str] = field(default_factory=Counter)

    def keys(self, raw: RawBatch) -> pl.DataFrame:
        """The same columns as ``column_keys``; rows with a given key keep it, and are not counted."""
        given = raw.frame[GIVEN_KEY].to_list()
        keys = [self._number(digest) if kept is None else kept for digest, kept in zip(content_digests(raw), given, strict=True)]
        nothing = pl.lit(None, dtype=pl.String)
        frame = pl.Series("key", keys, dtype=pl.String).to_frame()
        return frame.with_columns(nothing.alias("code"), nothing.alias("message"), nothing.alias("value"))

    def _number(self, digest: str) -> str:
        if self.repeated is not None and digest[:16] not in self.repeated:
            return f"{digest}#0"
        ordinal = self._seen[digest]
        self._seen[digest] += 1
        return f"{digest}#{ordinal}"


class ContentCensus:
    """Finds which rows occur more than once; 8 bytes a row are held."""

    def __init__(self) -> None:
        self._prefixes: list[pl.Series] = []

    def add(self, raw: RawBatch) -> None:
        """Count a batch in; rows with a given key stay out."""
        given = raw.frame[GIVEN_KEY].is_not_null()
        found = pl.Series(content_digests(raw), dtype=pl.String).filter(~given)
        self._prefixes.append(found.str.slice(0, 16).str.to_integer(base=16, dtype=pl.UInt64))

    def counter(self) -> ContentCounter:
        """A counter that starts from nothing; each pass over the input takes its own."""
        prefixes = pl.concat(self._prefixes).sort() if self._prefixes else pl.Series([], dtype=pl.UInt64)
        repeated = prefixes.filter(prefixes == prefixes.shift(1)).unique()
        return ContentCounter(frozenset(f"{prefix:016x}" for prefix in repeated.to_list()))


def canonical_text(columns: Mapping[str, pl.DataType]) -> pl.Expr:
    """The text whose digest is the fingerprint: equal texts mean equal tasks.

    For each column that has a value, in the order of names: ``;``, the name's length and name, then ``,``, length, ``:`` and text of each
    value (UTF-8 bytes; several values are sorted, as a relationship is a set). A column without value leaves no trace.

    Args:
        columns: Names, and whether they are String or List(String).
    """
    pieces: list[pl.Expr] = []
    for name in sorted(columns):
        pieces += _canonical_list(name) if isinstance(columns[name], pl.List) else _canonical_value(name)
    return pl.concat_str(pieces, ignore_nulls=True)


def _head(name: str) -> str:
    return f";{len(name.encode())}:{name}"


def _canonical_value(name: str) -> list[pl.Expr]:
    value = pl.col(name)
    return [pl.concat_str(pl.lit(f"{_head(name)},"), value.str.len_bytes(), pl.lit(":")), value]


def _canonical_list(name: str) -> list[pl.Expr]:
    element = pl.element()
    prefixed = pl.concat_str(pl.lit(","), element.str.len_bytes(), pl.lit(":"), element)
    return [pl.concat_str(pl.lit(_head(name)), pl.col(name).list.sort().list.eval(prefixed).list.join(""))]
