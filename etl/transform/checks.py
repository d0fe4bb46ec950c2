"""Do the keys of a rule go together, and are its constants valid?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from zoneinfo import available_timezones

import polars as pl

from etl.config.fields import NOTE, REJECT, SKIP, FieldRule, ValuesMapping
from etl.task import DESCRIPTION, DUE_AT, REQUIRED_TARGETS, STATUS, STATUSES, TASK_FIELDS, TITLE
from etl.transform.chain import Chain
from etl.transform.date_formats import check_format
from etl.transform.faults import Faults, nearest
from etl.transform.local_times import check_timezone, parse_clock_time
from etl.transform.parts import value_parts
from etl.transform.values import translate_words

_T = TypeVar("_T")


def check_rule(target: str, rule: FieldRule, many: frozenset[str], faults: Faults) -> None:
    """Notes the keys that mean nothing for this target, or that leave a required field out."""
    for key, reason in _senseless_keys(target, rule, many):
        faults.add(reason, "map", target, key)


def _senseless_keys(target: str, rule: FieldRule, many: frozenset[str]) -> list[tuple[str, str]]:
    is_text = target in (TITLE, DESCRIPTION)
    required = target in REQUIRED_TARGETS
    rules = [
        ("formats", bool(rule.formats) and target != DUE_AT, f"is for dates; only {DUE_AT} is one"),
        ("timezone", rule.timezone is not None and target != DUE_AT, f"is for dates; only {DUE_AT} is one"),
        ("time", rule.time is not None and target != DUE_AT, f"is for dates; only {DUE_AT} is one"),
        ("lookup", rule.lookup is not None and target in TASK_FIELDS, "is for relationships, whose values are records"),
        ("first_line", rule.first_line and not is_text, f"is for text; only {TITLE} and {DESCRIPTION} are"),
        ("max_length", rule.max_length is not None and not is_text, f"is for text; only {TITLE} and {DESCRIPTION} are"),
        ("empty", required and rule.empty == SKIP, f"found 'skip', but Lightfield requires {target}; write reject or a value"),
        (
            "unknown",
            required and rule.unknown in (SKIP, NOTE),
            f"found {rule.unknown!r}, but Lightfield requires {target}; write reject or a value",
        ),
        ("take", rule.take == "all" and rule.split is None, "found 'all', which needs split: the separator of the values"),
        ("take", rule.take == "all" and target not in many, f"found 'all', but {target} takes one value; write first"),
    ]
    return [(key, reason) for key, broken, reason in rules if broken]


def check_statuses(chain: Chain, faults: Faults) -> None:
    """Notes each translation in the config whose result is no status: a slip that would refuse every such row."""
    if chain.target != STATUS:
        return
    for position, step in enumerate(chain.rule.values):
        if isinstance(step, ValuesMapping):
            results = translate_words(list(step.entries.values()), chain.translations[position + 1 :])
            valid = chain.resolution.resolve(_words(results))["code"].is_null()
            for (word, result), good in zip(step.entries.items(), valid, strict=True):
                if not good or not result:
                    near = nearest(result, STATUSES)
                    hint = f"; nearest: {near}" if near else ""
                    faults.add(
                        f"found {result!r}, which is no status; allowed are {', '.join(STATUSES)}{hint}", "map", STATUS, "values", word
                    )


def with_constants(chain: Chain, faults: Faults) -> Chain:
    """The chain with ``unknown`` resolved; constants (``value``, ``empty``, ``unknown``) that are not valid are noted."""
    if chain.rule.value is not None:
        for part in value_parts(chain.rule) or [""]:
            _resolve_constant(chain, part, "value", faults)
    if chain.rule.empty not in (None, REJECT, SKIP):
        _resolve_constant(chain, chain.rule.empty or "", "empty", faults)
    if chain.rule.unknown in (REJECT, SKIP, NOTE):
        return chain
    return replace(chain, unknown_value=_resolve_constant(chain, chain.rule.unknown, "unknown", faults))


def _resolve_constant(chain: Chain, constant: str, key: str, faults: Faults) -> str | None:
    """Its value in Lightfield. ``unknown`` stands for a value that ``values`` and all else gave up on, so they don't translate it."""
    text = constant.strip()
    word = text if key == "unknown" else translate_words([text], chain.translations)[0]
    resolved = chain.resolution.resolve(_words([word]))
    if resolved["code"].item() is not None or not word:
        complaint = resolved.select(chain.resolution.complaint(f"map.{chain.target}")).item() if word else "says nothing"
        faults.add(f"found {constant!r}, which {complaint}", "map", chain.target, key)
    found = resolved["found"].item()
    return found if isinstance(found, str) else None


def _words(words: list[str]) -> pl.DataFrame:
    series = pl.Series("named", words, dtype=pl.String)
    return pl.DataFrame([series.alias("text"), series])


def usable_zone(name: str | None, faults: Faults, *path: str) -> str | None:
    """The zone, or None when there is none or it is bad, which is noted."""
    return _usable(check_timezone, name, faults, *path, allowed=available_timezones)


def usable_time(text: str | None, faults: Faults, *path: str) -> int | None:
    """A time of day in milliseconds since midnight, or None when there is none or it is bad, which is noted."""
    return _usable(parse_clock_time, text, faults, *path)


def usable_formats(patterns: tuple[str, ...], faults: Faults, *path: str) -> tuple[str, ...]:
    """The formats by which dates can be read; the others are noted."""
    return tuple(pattern for pattern in patterns if _usable(check_format, pattern, faults, *path))


def _usable(check: Callable[[str], _T], text: str | None, faults: Faults, *path: str, allowed: Callable[[], set[str]] = set) -> _T | None:
    if text is None:
        return None
    try:
        return check(text)
    except ValueError as error:
        near = nearest(text, allowed())
        faults.add(f"{error}; nearest: {near}" if near else str(error), *path)
        return None
