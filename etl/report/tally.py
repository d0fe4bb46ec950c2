"""In which words is told what the rows are, held against Lightfield?"""

from __future__ import annotations

from collections.abc import Mapping

from etl.records import AT_FAULT, IS_A_TASK, RowClass

CLASS_MEANINGS: Mapping[str, str] = {
    RowClass.EQUAL: "tasks that say what the source says",
    RowClass.EDITED: "tasks that people have changed since",
    RowClass.DIFFERS: "tasks that say otherwise than the source",
    RowClass.MISSING: "no task, or one in the trash or deleted",
    RowClass.EXCLUDED: "left out by source.exclude",
    RowClass.DUPLICATE: "the same row again in this input",
    RowClass.REJECTED: "refused before sending: mend the source",
    RowClass.FAILED: "the last write failed, or is in doubt",
}
"""What each class means to a person, in a few words."""

_BESIDE_TASKS = (RowClass.MISSING, RowClass.EXCLUDED, RowClass.DUPLICATE, RowClass.REJECTED, RowClass.FAILED)
_PLURALS = {RowClass.DUPLICATE: "duplicates"}
_TASK_WORDS = {
    RowClass.EQUAL: ("says what the source says", "say what the source says"),
    RowClass.EDITED: ("was edited by people since", "were edited by people since"),
    RowClass.DIFFERS: ("differs", "differ"),
}
_AT_FAULT_WORDS = {
    RowClass.DIFFERS: ("differs", "differ"),
    RowClass.MISSING: ("is missing", "are missing"),
    RowClass.REJECTED: ("was rejected", "were rejected"),
    RowClass.FAILED: ("failed", "failed"),
}


def tally_sentence(classes: Mapping[RowClass, int]) -> str:
    """The sum that must come out: ``8,123 rows = 7,902 tasks + 198 excluded + 20 duplicates + 3 failed``."""
    rows, tasks = sum(classes.values()), sum(classes.get(each, 0) for each in IS_A_TASK)
    parts = [_counted(tasks, "task", "tasks")]
    parts += [_counted(classes[each], each.value, _PLURALS.get(each, each.value)) for each in _BESIDE_TASKS if classes.get(each)]
    return f"{_counted(rows, 'row', 'rows')} = {' + '.join(parts)}"


def tasks_sentence(classes: Mapping[RowClass, int]) -> str:
    """How the tasks stand to the source; empty where there are none."""
    parts = [_counted(classes[each], *_TASK_WORDS[each]) for each in IS_A_TASK if classes.get(each)]
    return f"of the tasks, {', '.join(parts)}" if parts else ""


def faults_sentence(classes: Mapping[RowClass, int]) -> str | None:
    """What needs a person; None where nothing does."""
    total = sum(classes.get(each, 0) for each in AT_FAULT)
    if not total:
        return None
    parts = [_counted(classes[each], *_AT_FAULT_WORDS[each]) for each in AT_FAULT if classes.get(each)]
    return f"{_counted(total, 'row needs', 'rows need')} a person: {', '.join(parts)}"


def _counted(number: int, singular: str, plural: str) -> str:
    return f"{number:,} {singular if number == 1 else plural}"
