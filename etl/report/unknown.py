"""Which words did Lightfield not know, how often does each stand in the data, and what is near to it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from etl.report.shown import harmless, shortened
from etl.report.wording import rows_text

SHOWN_WORDS = 10
"""Words of each kind that are shown; the file has all."""

_WORD_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class UnknownWord:
    """A word, the rows that it stands in, and the nearest that is known, if any is near."""

    value: str
    rows: int
    nearest: str | None = None


@dataclass(frozen=True, slots=True)
class UnknownWords:
    """The words of one field with one problem.

    Attributes:
        field: The target.
        lookup: What the words were looked up as; None for a status or an id.
        code: Of the problem.
        words: The most frequent.
        distinct: How many words there are.
        rows: How many rows they stand in, all together.
        settled_by: The config's ``unknown`` where that decides, so that no row is stopped; None where it does not.
    """

    field: str
    lookup: str | None
    code: str
    words: tuple[UnknownWord, ...]
    distinct: int
    rows: int
    settled_by: str | None = None

    def fields(self) -> dict[str, object]:
        """The same for machines."""
        words = [{"value": word.value, "rows": word.rows, "nearest": word.nearest} for word in self.words[:SHOWN_WORDS]]
        return {
            "field": self.field,
            "lookup": self.lookup,
            "code": self.code,
            "distinct": self.distinct,
            "rows": self.rows,
            "settled_by": self.settled_by,
            "values": words,
        }


def settled_lines(kind: UnknownWords) -> list[Text]:
    """What the config settles, for people: told all the same, as somebody may want to add them to Lightfield first."""
    what = f"not in Lightfield · {kind.lookup}" if kind.lookup else f"unknown · {kind.field}"
    head = Text(f"{kind.distinct:,} {harmless(what)} · {rows_text(kind.rows)}", style="bold yellow")
    settled = Text(f"  settled by map.{harmless(kind.field)}.unknown: {harmless(kind.settled_by or '')}", style="dim")
    return [head, *word_lines(kind.words, kind.distinct), settled]


def word_lines(words: Sequence[UnknownWord], distinct: int) -> list[Text]:
    """The most frequent words, with their rows and what is near."""
    listed = words[:SHOWN_WORDS]
    width = max((len(f"{word.rows:,}") for word in listed), default=0)
    lines = [Text(f"  {word.rows:>{width},}  {_shown(word)}") for word in listed]
    more = distinct - len(listed)
    return [*lines, Text(f"  and {more:,} more values")] if more > 0 else lines


def _shown(word: UnknownWord) -> str:
    near = f"   nearest: {shortened(word.nearest, _WORD_CHARACTERS)}" if word.nearest else ""
    return shortened(word.value, _WORD_CHARACTERS) + near
