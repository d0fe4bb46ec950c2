"""Is a row of the source what its task in Lightfield says, and if not, who made it so?

A row differs where the source changed since it was last written, where Lightfield lost a part of what was written, or where nobody can
tell who changed it because the ledger does not hold what was written. What people alone changed is theirs, and no fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from etl.content import Content, body_meaning, digest, id_set, moment, task_meaning, value_meaning
from etl.frames import KEY_DIGEST, ROW, SOURCE_KEY
from etl.plan.choose import Choice
from etl.plan.payload import body_of, value_in
from etl.plan.three_way import Difference, Side, Written, compare, held_value
from etl.records import Action, EntryState, RowClass
from etl.task import DUE_AT, TASK_FIELDS

LOOK = "look"
"""In ``classed``, of rows whose task has to be looked at."""

NO_TASK = "the ledger knows no task of it: run makes one"
TRASHED = "its task was moved to the trash by this import: run makes a new one"
GONE = "its task is in the trash or deleted in Lightfield: restore it there"
FAILED = "the last attempt to write it failed; the reason stands in the failures.csv of that run: run sends it again"
UNKNOWN_BASE = "the ledger does not hold what was last written of it, so that nobody can tell who changed it: make the two agree by hand"
LOST = "Lightfield kept it otherwise than it was written"

_BY_SIDE = {
    Side.SOURCE: "the source changed since it was last written: run --sync sends it",
    Side.BOTH: "the source and people in Lightfield both changed it since it was last written: make the two agree",
    Side.PEOPLE: "people changed it in Lightfield since it was last written",
}
_DECIDED = {
    Action.EXCLUDED: RowClass.EXCLUDED,
    Action.DUPLICATE: RowClass.DUPLICATE,
    Action.REJECTED: RowClass.REJECTED,
    Action.UNCERTAIN: RowClass.FAILED,
    Action.UNCHANGED: LOOK,
    Action.CHANGED: LOOK,
}
_ROUNDED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as the source says.

    Attributes:
        message: What it is, and what to do.
        target: The field; None where it is the whole row.
        written: What was last written.
        source: What the source says.
        lightfield: What the task holds.
    """

    message: str
    target: str | None = None
    written: Any = None
    source: Any = None
    lightfield: Any = None


@dataclass(frozen=True, slots=True)
class Compared:
    """What a row whose task was looked at is, and why."""

    row_class: RowClass
    findings: tuple[Finding, ...] = ()


EQUAL = Compared(RowClass.EQUAL)
MISSING = Compared(RowClass.MISSING, (Finding(GONE),))


def classed(choice: Choice, entries: pl.DataFrame) -> pl.DataFrame:
    """What each row of a batch is, as far as its task need not be looked at.

    Args:
        choice: The batch, decided without ``sync``.
        entries: What the ledger knows of its rows (``ledger.entry_frame.ENTRY_FRAME``).

    Returns:
        One row a row of the batch, in its order: ROW, SOURCE_KEY, KEY_DIGEST; ``class`` String, a RowClass or LOOK; ``task_id``,
        ``field``, ``message`` String or null.
    """
    states = entries.select(pl.col("key_digest").alias(KEY_DIGEST), "state", pl.col("task_id").alias("known_task"))
    keys = choice.prepared.frame.select(SOURCE_KEY, KEY_DIGEST)
    frame = pl.concat([choice.frame, keys], how="horizontal").join(states, on=KEY_DIGEST, how="left", maintain_order="left")
    words = {action.value: str(word) for action, word in _DECIDED.items()}
    creates, state = pl.col("action").is_null(), pl.col("state")
    failed = creates & (state == EntryState.FAILED.value)
    row_class = (
        pl.when(failed)
        .then(pl.lit(RowClass.FAILED.value))
        .when(creates)
        .then(pl.lit(RowClass.MISSING.value))
        .otherwise(pl.col("action").replace_strict(words, default=None, return_dtype=pl.String))
    )
    message = (
        pl.when(failed)
        .then(pl.lit(FAILED))
        .when(creates & (state == EntryState.TRASHED.value))
        .then(pl.lit(TRASHED))
        .when(creates)
        .then(pl.lit(NO_TASK))
        .otherwise("error_message")
    )
    return frame.select(
        ROW,
        SOURCE_KEY,
        KEY_DIGEST,
        row_class.alias("class"),
        pl.coalesce("task_id", "known_task").alias("task_id"),
        pl.col("error_field").alias("field"),
        message.alias("message"),
    )


def compare_row(targets: Iterable[str], written: Written | None, ours: Mapping[str, Any], theirs: Content) -> Compared:
    """Who made the task and the source differ, if they do?

    Args:
        targets: Those that the map speaks of; what it does not speak of is nobody's business here.
        written: What was last written; None where the ledger does not hold it.
        ours: The row's content by the source, in the form of a create's body.
        theirs: The task as it was retrieved.
    """
    if written is None:
        found = [_unexplained(target, ours, theirs) for target in targets if not _says(target, ours, theirs)]
        return Compared(RowClass.DIFFERS, tuple(found)) if found else EQUAL
    compared = [compare(target, written, ours, theirs) for target in targets]
    told = [(each, _fault(each)) for each in compared]
    findings = tuple(Finding(message, each.target, each.base, each.ours, each.theirs) for each, message in told if message)
    if not findings:
        return EQUAL
    by_people = all(each.side is Side.PEOPLE for each, message in told if message)
    return Compared(RowClass.EDITED if by_people else RowClass.DIFFERS, findings)


def counted(classes: Mapping[RowClass, int]) -> dict[RowClass, int]:
    """The counts, with zero for the classes that they lack, in the order of ``RowClass``."""
    return {row_class: classes.get(row_class, 0) for row_class in RowClass}


@dataclass(frozen=True, slots=True)
class Digester:
    """Puts what the map speaks of into 64 bits, the same for a row and for a task that says what the row says."""

    fields: tuple[str, ...]
    relationships: tuple[str, ...]

    @classmethod
    def of(cls, targets: Sequence[str]) -> Digester:
        """For these targets."""
        fields = tuple(target for target in targets if target in TASK_FIELDS)
        return cls(fields, tuple(target for target in targets if target not in TASK_FIELDS))

    def of_row(self, body: Mapping[str, Any]) -> int:
        """Of a row's content, in the form of a create's body."""
        return digest(body_meaning(body, self.fields, self.relationships))

    def of_task(self, task: Content) -> int:
        """Of a task."""
        return digest(task_meaning(task, self.fields, self.relationships))

    def of_row_as_kept(self, body: Mapping[str, Any], written: Written) -> int | None:
        """Of what Lightfield was seen to make of this very content; None where it lost something, or the content is another."""
        kept = {target: value_in(body, target) for target in (*self.fields, *self.relationships)}
        for target, observed in written.observed.items():
            if target not in kept:
                continue
            if value_meaning(target, value_in(written.content, target)) != value_meaning(target, kept[target]) or lost(
                target, kept[target], observed
            ):
                return None
            kept[target] = observed
        return self.of_row(body_of(kept))


def lost(target: str, sent: Any, kept: Any) -> bool:
    """Did Lightfield lose something of what was sent, beyond another way of writing it?

    Another way is: text that differs in signs and blanks alone (its markdown is written anew), a time that is rounded by less than a
    minute, ids beside those that were sent.
    """
    if value_meaning(target, sent) is None:
        return False
    if target not in TASK_FIELDS:
        return not id_set(sent) <= id_set(kept)
    if target == DUE_AT and (before := moment(sent)) and (after := moment(kept)):
        return abs(after - before) >= _ROUNDED
    return _letters(sent) != _letters(kept)


def _fault(found: Difference) -> str | None:
    """What is wrong with a field, None where it says what the source says."""
    if found.side is Side.NOBODY:
        return LOST if lost(found.target, found.ours, found.theirs) else None
    return _BY_SIDE.get(found.side)


def _says(target: str, ours: Mapping[str, Any], theirs: Content) -> bool:
    return bool(value_meaning(target, value_in(ours, target)) == value_meaning(target, held_value(theirs, target)))


def _unexplained(target: str, ours: Mapping[str, Any], theirs: Content) -> Finding:
    return Finding(UNKNOWN_BASE, target, None, value_in(ours, target), held_value(theirs, target))


def _letters(value: Any) -> str:
    return "".join(character for character in str(value or "") if character.isalnum())
