"""How is a cause of failures told on a page without saying the same sentence five times?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etl.report.bar import share_text
from etl.report.problems import ProblemExample, ProblemKind
from etl.report.shown import shortened
from etl.report.summary import ProblemSummary

_VALUES = 10
_BRIEF_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Cause:
    """All problems of one code in one field.

    Attributes:
        code, field: As in the records; the field is empty where it is the whole row.
        rows: Rows that have it.
        share: Of the rows that need a person, as a text; empty where that says nothing.
        message: The sentence that holds for all examples, told with the first; None where they say different things.
        examples: The first rows.
        has_values: Some of them have a cell to show.
        values: The most frequent distinct values, each with its rows.
        more_values: How many there are beside them.
    """

    code: str
    field: str
    rows: int
    share: str
    message: str | None
    examples: tuple[ProblemExample, ...]
    has_values: bool
    values: tuple[tuple[str, int], ...] = ()
    more_values: int = 0


def causes(kinds: Sequence[ProblemKind], failing_rows: int) -> list[Cause]:
    """The kinds of problem, the most frequent first.

    Args:
        kinds: As tallied.
        failing_rows: Rows that need a person; a row may have several problems.
    """
    return [
        Cause(
            kind.code,
            kind.field or "",
            kind.rows,
            share_text(kind.rows, failing_rows) if failing_rows >= kind.rows else "",
            _common(kind.examples),
            kind.examples,
            any(example.value for example in kind.examples),
            *_values(kind),
        )
        for kind in kinds
    ]


def remarked(remarks: Sequence[ProblemSummary]) -> list[Cause]:
    """What was decided for rows that were sent all the same, in the same form."""
    return [
        Cause(each.code, each.field or "", each.rows, "", _common(each.examples), each.examples, any(one.value for one in each.examples))
        for each in remarks
    ]


def _values(kind: ProblemKind) -> tuple[tuple[tuple[str, int], ...], int]:
    """The most frequent, and how many more; none where the sentence has told the only one."""
    if kind.distinct_values == 1 and _common(kind.examples):
        return (), 0
    told = tuple((shortened(value, _BRIEF_CHARACTERS), rows) for value, rows in kind.values[:_VALUES])
    return told, max(0, kind.distinct_values - len(told))


def _common(examples: Sequence[ProblemExample]) -> str | None:
    """The first example's sentence, where the others differ from it by the quoted value alone."""
    told = {_without_value(example) for example in examples}
    return examples[0].message if len(told) == 1 else None


def _without_value(example: ProblemExample) -> str:
    return example.message.replace(repr(example.value), "…") if example.value else example.message
