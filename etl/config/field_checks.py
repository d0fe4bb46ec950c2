"""Do the keys of one entry of ``map`` go together, and does its target exist?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from etl.config.faults import Fault
from etl.config.fields import NOTE, REJECT, SKIP
from etl.config.merge import SIDE_FILE_KEYS, is_side_file
from etl.config.words import did_you_mean, fold_word
from etl.task import (
    ACCOUNT,
    ASSIGNED_TO,
    CREATED_BY,
    DUE_AT,
    OPPORTUNITY,
    READ_ONLY_NOTE,
    REQUIRED_TARGETS,
    STATUS,
    STATUSES,
    TARGETS,
    TASK_FIELDS,
)

LOOKUPS_OF = {
    ASSIGNED_TO: ("member.email", "member.name"),
    CREATED_BY: ("member.email", "member.name"),
    ACCOUNT: ("account.name", "account.website"),
    OPPORTUNITY: ("opportunity.name",),
}
"""What can be looked up for a target whose kind is known."""

NAMED_FORMATS = ("iso", "epoch-ms", "epoch-s")
_FILE_NAME = re.compile(r"\.(csv|tsv|txt|parquet)$", re.IGNORECASE)
_DATE_KEYS = ("formats", "timezone", "time")
_FOLDED_STATUSES = frozenset(fold_word(status) for status in STATUSES)


def field_faults(target: str, rule: Any) -> Iterator[Fault]:
    """A fault for each thing that is wrong with what ``map`` says of ``target`` (``rule``, in long form, of any shape)."""
    if target.startswith("$") and target not in TARGETS:
        yield Fault(("map", target), _no_such_target(target))
        return
    if not isinstance(rule, dict):
        return
    yield from _date_faults(target, rule)
    yield from _lookup_faults(target, rule)
    yield from _split_faults(target, rule)
    yield from _side_file_faults(target, rule)
    yield from _left_out_faults(target, rule)
    if target == STATUS:
        yield from _status_faults(rule)


def _no_such_target(target: str) -> str:
    if target == READ_ONLY_NOTE:
        return f"{READ_ONLY_NOTE} is read-only in Lightfield: a task's notes cannot be imported; $description takes text"
    return f"no field of a task{did_you_mean(target, TARGETS)}; a relationship of your own is written without $"


def _date_faults(target: str, rule: dict[str, Any]) -> Iterator[Fault]:
    if target != DUE_AT:
        yield from (Fault(("map", target, key), f"only {DUE_AT} is a date; remove it here") for key in _DATE_KEYS if key in rule)
        return
    for form in _texts(rule.get("formats")):
        if form not in NAMED_FORMATS and "%" not in form:
            allowed = f"{', '.join(NAMED_FORMATS)}, or a pattern such as %Y-%m-%d %H:%M"
            yield Fault(("map", target, "formats"), f"{form!r} is no format (allowed: {allowed})")


def _lookup_faults(target: str, rule: dict[str, Any]) -> Iterator[Fault]:
    lookup = rule.get("lookup")
    if lookup is None:
        return
    if target in TASK_FIELDS:
        yield Fault(("map", target, "lookup"), f"{target} is a value, not a link: there is nothing to look up; remove it")
    elif target in LOOKUPS_OF and lookup not in LOOKUPS_OF[target]:
        yield Fault(("map", target, "lookup"), f"{lookup!r} does not fit {target} (allowed: {', '.join(LOOKUPS_OF[target])})")


def _split_faults(target: str, rule: dict[str, Any]) -> Iterator[Fault]:
    if "take" in rule and "split" not in rule:
        yield Fault(("map", target, "take"), 'says which part of a split cell, but there is no split; add one such as split: ";"')
    if rule.get("take") == "all" and target in TASK_FIELDS:
        yield Fault(("map", target, "take"), f"{target} takes one value; write take: first")
    separator = rule.get("split")
    for key in ("empty", "unknown"):
        if isinstance(separator, str) and separator and isinstance(rule.get(key), str) and separator in rule[key].strip():
            yield Fault(("map", target, key), f"{rule[key]!r} is one value, and is not split at {separator!r}")


def _side_file_faults(target: str, rule: dict[str, Any]) -> Iterator[Fault]:
    """A slip in a key beside ``file`` would make translations of a side file, which then translates nothing."""
    steps = rule.get("values")
    for step in steps if isinstance(steps, list) else [steps]:
        if not isinstance(step, dict) or is_side_file(step) or not _FILE_NAME.search(str(step.get("file", ""))):
            continue
        for key in step:
            if key not in SIDE_FILE_KEYS:
                yield Fault(("map", target, "values", key), f"unknown key beside file{did_you_mean(key, SIDE_FILE_KEYS)}")


def _left_out_faults(target: str, rule: dict[str, Any]) -> Iterator[Fault]:
    """A field that Lightfield requires cannot be left out of the request."""
    if target in REQUIRED_TARGETS:
        for key, refused in (("empty", (SKIP,)), ("unknown", (SKIP, NOTE))):
            if rule.get(key) in refused:
                message = f"{rule[key]} leaves {target} out, but Lightfield requires it (allowed: reject, or a value)"
                yield Fault(("map", target, key), message)


def _status_faults(rule: dict[str, Any]) -> Iterator[Fault]:
    """Constants that can never become a status are caught before any row is read."""
    steps = rule.get("values", [])
    steps = steps if isinstance(steps, list) else [steps]
    last = steps[-1] if steps else None
    if isinstance(last, dict) and not is_side_file(last):
        for word, status in last.items():
            if isinstance(status, str) and not _is_status(status):
                yield Fault(("map", STATUS, "values", word), f"{status!r} is no status{did_you_mean(status, STATUSES)}")
    unknown = rule.get("unknown", REJECT)
    if isinstance(unknown, str) and unknown not in (REJECT, SKIP, NOTE) and not _is_status(unknown):
        yield Fault(("map", STATUS, "unknown"), f"{unknown!r} is no status{did_you_mean(unknown, (REJECT, *STATUSES))}")
    if all(isinstance(step, dict) and not is_side_file(step) for step in steps):
        yield from _constant_faults(rule, {fold_word(word) for step in steps for word in step})


def _constant_faults(rule: dict[str, Any], translated: set[str]) -> Iterator[Fault]:
    """``value`` and ``empty`` pass through ``values``: what is named there may be anything."""
    for key, more in (("value", ()), ("empty", (REJECT, SKIP))):
        constant = rule.get(key)
        if not isinstance(constant, str) or constant in ("", *more) or _is_status(constant):
            continue
        if fold_word(constant) not in translated:
            yield Fault(("map", STATUS, key), f"{constant!r} is no status{did_you_mean(constant, (*more, *STATUSES))}")


def _is_status(word: str) -> bool:
    return fold_word(word) in _FOLDED_STATUSES


def _texts(value: Any) -> list[str]:
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
