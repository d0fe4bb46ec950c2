"""What became of the rows, as a page draws it: which parts, in which order, how large, and in which tone?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from etl.records import AT_FAULT, IS_A_TASK, NEEDS_A_PERSON, WROTE, Action, RowClass
from etl.report.tally import CLASS_MEANINGS
from etl.report.wording import MEANINGS

WIDTH = 1000.0
"""Of the whole bar, in the units of Part.start."""

_LEAST = 6.0
_FAINTER = 0.72
_FAINTEST = 0.35


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the bar.

    Attributes:
        word, rows, meaning: The action or class, its rows, and what it means to a person.
        share: Of all rows, as a text.
        tone: ``good``, ``bad``, ``wait`` or empty.
        start, width: Where it stands in a bar that is WIDTH wide; a small part is drawn wider than it is.
        strength: 0 to 1; parts of one tone grow fainter from left to right.
    """

    word: str
    rows: int
    meaning: str
    share: str
    tone: str
    start: float
    width: float
    strength: float


def action_parts(counts: Mapping[Action, int], words: Mapping[str, str]) -> list[Part]:
    """The parts that there are: what was written first, what needs a person last.

    Args:
        counts: Rows by action.
        words: What an action is called instead of its name, where it is.
    """
    order = sorted(counts, key=lambda action: (action in NEEDS_A_PERSON, action not in WROTE, list(Action).index(action)))
    return _parts([(words.get(each, each.value), counts[each], MEANINGS[each], _tone(each)) for each in order])


def class_parts(classes: Mapping[RowClass, int]) -> list[Part]:
    """The same of a verify: what is a task first, what is at fault last."""
    order = sorted(classes, key=lambda each: (each in AT_FAULT, each not in IS_A_TASK, list(RowClass).index(each)))
    return _parts([(each.value, classes[each], CLASS_MEANINGS[each], _class_tone(each)) for each in order])


def _parts(counted: list[tuple[str, int, str, str]]) -> list[Part]:
    there = [each for each in counted if each[1]]
    total = sum(rows for _, rows, _, _ in there)
    widths = [max(_LEAST, WIDTH * rows / total) for _, rows, _, _ in there]
    scale = WIDTH / sum(widths) if widths else 1.0
    edges = [0.0]
    for width in widths:
        edges.append(edges[-1] + width * scale)
    parts, seen = [], dict.fromkeys(("good", "bad", "wait", ""), 1.0)
    for (word, rows, meaning, tone), (start, end) in zip(there, pairwise(edges), strict=True):
        parts.append(Part(word, rows, meaning, share_text(rows, total), tone, round(start, 2), round(end - start, 2), round(seen[tone], 2)))
        seen[tone] = max(_FAINTEST, seen[tone] * _FAINTER)
    return parts


def share_text(rows: int, total: int) -> str:
    """``96.5%``; never 0 or 100 for what is neither none nor all."""
    share = 100 * rows / total
    if 0 < share < 0.1:  # noqa: PLR2004  what one digit can tell
        return "< 0.1%"
    if 99.9 < share < 100:  # noqa: PLR2004  what one digit can tell
        return "> 99.9%"
    return f"{share:.0f}%" if rows == total else f"{share:.1f}%"


def _tone(action: Action) -> str:
    if action in NEEDS_A_PERSON:
        return "bad"
    if action is Action.NOT_SENT:
        return "wait"
    return "good" if action in WROTE else ""


def _class_tone(each: RowClass) -> str:
    if each in AT_FAULT:
        return "bad"
    return "good" if each in IS_A_TASK else ""


def class_counts(classes: Mapping[RowClass, int]) -> list[tuple[str, int, str, str]]:
    """Word, rows, meaning and tone of each class that there is, in the classes' own order."""
    return [(each.value, rows, CLASS_MEANINGS[each], "bad" if each in AT_FAULT else "") for each, rows in classes.items() if rows]
