"""What does a config say that goes over another one, key by key?"""

from __future__ import annotations

from typing import Any

from etl.config.faults import KeyPath
from etl.config.settings import Settings
from etl.config.words import fold_word

SOURCES = ("column", "template", "sql", "value")
"""What a field can be made of: exactly one of them, so that each replaces the others."""

SIDE_FILE_KEYS = ("file", "from", "to")


def with_long_forms(data: dict[str, Any]) -> dict[str, Any]:
    """The same with every short form of ``map`` (``$title: X``) written out (``{column: X}``)."""
    fields = data.get("map")
    if not isinstance(fields, dict):
        return data
    return {**data, "map": {target: {"column": rule} if isinstance(rule, (str, list)) else rule for target, rule in fields.items()}}


def merge_settings(base: Settings, over: Settings) -> Settings:
    """``over`` laid on ``base``, both in long forms.

    Mappings are merged key by key, everything else replaces what it meets, and a key that is null removes it. A field that names
    its source (one of ``SOURCES``) loses the source that it inherits. Translations replace inherited ones of the same word.
    """
    positions = dict(base.positions)
    data = _merged(base.data, over.data, (), positions)
    return Settings(data, {**positions, **over.positions})


def without_nulls(value: Any) -> Any:
    """``value`` without the keys that say nothing, at every level of mappings."""
    if not isinstance(value, dict):
        return value
    return {key: without_nulls(entry) for key, entry in value.items() if entry is not None}


def is_side_file(values: Any) -> bool:
    """Does this step of ``values`` name a file, and not translations?"""
    return isinstance(values, dict) and "file" in values and set(values) <= set(SIDE_FILE_KEYS)


def _merged(base: dict[str, Any], over: dict[str, Any], path: KeyPath, positions: dict[KeyPath, str]) -> dict[str, Any]:
    merged = _without_replaced(base, over, path, positions)
    for key, value in over.items():
        here = (*path, key)
        below = merged.get(key)
        if isinstance(value, dict) and isinstance(below, dict) and not (is_side_file(value) or is_side_file(below)):
            merged[key] = _merged(below, value, here, positions)
            continue
        _forget(positions, here)
        merged[key] = value
    return merged


def _without_replaced(base: dict[str, Any], over: dict[str, Any], path: KeyPath, positions: dict[KeyPath, str]) -> dict[str, Any]:
    """What remains of ``base`` where a key of ``over`` replaces another key of it."""
    gone: set[str] = set()
    if len(path) == len(("map", "<target>")) and path[0] == "map" and any(over.get(source) is not None for source in SOURCES):
        gone = {source for source in SOURCES if source in base and source not in over}
    elif len(path) == len(("map", "<target>", "values")) and path[0] == "map" and path[2] == "values":
        said = {fold_word(word) for word in over}
        gone = {word for word in base if word not in over and fold_word(word) in said}
    for key in gone:
        _forget(positions, (*path, key))
    return {key: value for key, value in base.items() if key not in gone}


def _forget(positions: dict[KeyPath, str], path: KeyPath) -> None:
    for known in [known for known in positions if known[: len(path)] == path]:
        del positions[known]
