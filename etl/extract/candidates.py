"""Which of several tables in one file could be the tasks?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from etl.config.columns import find_column, fold_column
from etl.config.model import SourceConfig
from etl.errors import SourceError
from etl.extract.paths import nearest

Place = TypeVar("Place")

_LISTED = 12


@dataclass(frozen=True, slots=True)
class Candidate(Generic[Place]):
    """A table that could be the tasks.

    Attributes:
        place: Where it is.
        name: What the user knows it by.
        columns: Its header's cells; none where it has no header that could be read.
    """

    place: Place
    name: str
    columns: tuple[str, ...]


def likeliest_tables(
    candidates: Sequence[Candidate[Place]], source: SourceConfig, names: frozenset[str], shown: str, next_step: str
) -> list[Candidate[Place]]:
    """Those that have every column of the source key, and of these the ones with most of ``names``.

    Args:
        candidates: All tables of the file.
        source: Names the key.
        names: Every column name that the config mentions.
        shown: The file's name for messages.
        next_step: What to do where none fits, beside correcting ``source.key``.

    Raises:
        SourceError: None has the source key.
    """
    keyed = [candidate for candidate in candidates if _has_key(candidate.columns, source)]
    if not keyed:
        raise _none_fits(candidates, source, shown, next_step)
    wanted = frozenset(map(fold_column, names))
    scores = [len(wanted.intersection(map(fold_column, candidate.columns))) for candidate in keyed]
    return [candidate for candidate, score in zip(keyed, scores, strict=True) if score == max(scores)]


def listed(names: Sequence[str]) -> str:
    """The first names, for a sentence."""
    return ", ".join(names[:_LISTED]) + (" …" if len(names) > _LISTED else "")


def _has_key(columns: Sequence[str], source: SourceConfig) -> bool:
    return bool(columns) and (source.key_is_content or all(find_column(columns, aliases) is not None for aliases in source.key))


def _none_fits(candidates: Sequence[Candidate[Place]], source: SourceConfig, shown: str, next_step: str) -> SourceError:
    held = listed([candidate.name for candidate in candidates])
    if source.key_is_content:
        return SourceError(f"{shown}: none of its {len(candidates)} tables has a header; they are: {held}", next_step=next_step)
    key = ", ".join(" or ".join(part) for part in source.key)
    near = nearest(source.key[0][0], Counter(column for candidate in candidates for column in candidate.columns))
    hint = f"; the nearest column is {near}" if near else ""
    return SourceError(
        f"{shown}: none of its {len(candidates)} tables has the source key {key}{hint}; they are: {held}",
        next_step=f"correct source.key, or {next_step}",
    )
