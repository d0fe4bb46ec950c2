"""Which record does a name mean? Tables of names are handed in and joined by expression."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from etl.config.fields import LookupName
from etl.config.model import JobConfig
from etl.transform.problems import AMBIGUOUS, NOT_FOUND
from etl.transform.values import replace

NOUNS: dict[LookupName, str] = {
    "member.email": "a member's e-mail",
    "member.name": "a member's name",
    "account.name": "an account's name",
    "account.website": "an account's website",
    "opportunity.name": "an opportunity's name",
    "contact.email": "a contact's e-mail",
}
"""What a look-up's words are, for sentences."""


@dataclass(frozen=True, slots=True)
class LookupTable:
    """What Lightfield knows under a kind of name.

    Attributes:
        ids: From normalised name to id, where the name fits one record.
        ambiguous: From normalised name to the labels (name and id) of the records that it fits.
        candidates: From normalised name to the ids of those records.
        unchecked: Nobody was asked: every name is accepted, and stands for its own id.
    """

    ids: Mapping[str, str]
    ambiguous: Mapping[str, tuple[str, ...]]
    unchecked: bool = False
    candidates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


LookupTables = Mapping[LookupName, LookupTable]


def normalise(text: pl.Expr) -> pl.Expr:
    """The form in which names are compared: trimmed, NFC, lower-case, runs of blanks as one."""
    return text.str.strip_chars().str.normalize("NFC").str.to_lowercase().str.replace_all(r"\s+", " ")


def normalise_names(names: Sequence[str]) -> list[str]:
    """``normalise`` for names in hand; by polars itself, so that its Unicode tables decide on both sides."""
    return pl.Series("name", list(names), dtype=pl.String).to_frame().select(normalise(pl.col("name"))).to_series().to_list()


def build_table(entries: Iterable[tuple[str, str, str]]) -> LookupTable:
    """A table from (name, id, label); a name with several ids is ambiguous, empty names are left out."""
    entries = list(entries)
    labels_by_name: dict[str, dict[str, str]] = {}
    for key, (_, record_id, label) in zip(normalise_names([name for name, _, _ in entries]), entries, strict=True):
        if key:
            labels_by_name.setdefault(key, {})[record_id] = label
    ids = {name: next(iter(labels)) for name, labels in labels_by_name.items() if len(labels) == 1}
    several = {name: labels for name, labels in labels_by_name.items() if len(labels) > 1}
    return LookupTable(
        ids=ids,
        ambiguous={name: tuple(labels.values()) for name, labels in several.items()},
        candidates={name: tuple(labels) for name, labels in several.items()},
    )


def unchecked_tables(job: JobConfig) -> dict[LookupName, LookupTable]:
    """Tables that accept every name, for each look-up of the map: to collect names, and for ``--offline``."""
    return {rule.lookup: LookupTable({}, {}, unchecked=True) for rule in job.map.values() if rule.lookup}


@dataclass(frozen=True, slots=True, eq=False)
class Resolver:
    """A table as columns, so that each batch joins it without building it again."""

    names: pl.Series
    ids: pl.Series
    ambiguous_names: pl.Series
    candidates: pl.Series
    unchecked: bool

    def resolve(self, key: pl.Expr, name: pl.Expr) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
        """Look a name up.

        Args:
            key: The normalised name.
            name: The name as it stands.

        Returns:
            The id or null, the problem's code or null, and for an ambiguous name the labels of its candidates in one text.
        """
        if self.unchecked:
            return name, pl.lit(None, dtype=pl.String), pl.lit(None, dtype=pl.String)
        found = replace(key, self.names, self.ids)
        candidates = replace(key, self.ambiguous_names, self.candidates)
        lost = pl.when(name.is_not_null() & found.is_null()).then(pl.lit(NOT_FOUND))
        return found, pl.when(candidates.is_not_null()).then(pl.lit(AMBIGUOUS)).otherwise(lost), candidates


def build_resolver(table: LookupTable) -> Resolver:
    """The table's columns."""
    return Resolver(
        names=pl.Series(list(table.ids), dtype=pl.String),
        ids=pl.Series(list(table.ids.values()), dtype=pl.String),
        ambiguous_names=pl.Series(list(table.ambiguous), dtype=pl.String),
        candidates=pl.Series([", ".join(labels) for labels in table.ambiguous.values()], dtype=pl.String),
        unchecked=table.unchecked,
    )
