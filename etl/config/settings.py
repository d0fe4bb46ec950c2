"""What does a YAML tree mean? Plain dicts, lists and scalars, with the place of each key."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from etl.config.faults import Fault, KeyPath
from etl.config.text_keys import Reading, reading_of
from etl.config.yaml_document import MAX_DEPTH, Mapping, Node, Scalar, Sequence
from etl.errors import ConfigError

MAX_NODES = 50_000
"""Keys, values and list items of one file, aliases written out; a map of 25,000 translations still fits."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# Longer digits than these are no setting of ours, and int() refuses more than 4,300 of them with an error of its own.
_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], int | float]], ...] = (
    (re.compile(r"[-+]?[0-9]{1,18}"), int),
    (re.compile(r"0o[0-7]{1,18}|0x[0-9a-fA-F]{1,15}"), lambda text: int(text, base=0)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,2})?"), float),
)


@dataclass(slots=True)
class Settings:
    """Nested dicts as people wrote them, and the place (``file:line:column``) of each key and list item."""

    data: dict[str, Any] = field(default_factory=dict)
    positions: dict[KeyPath, str] = field(default_factory=dict)


def settings_of(root: Mapping, faults: list[Fault]) -> Settings:
    """The settings that ``root`` holds.

    Args:
        root: The top level of a file.
        faults: Gains a fault for each key that stands twice.

    Raises:
        ConfigError: Aliases that blow up beyond ``MAX_NODES`` values or ``MAX_DEPTH`` levels.
    """
    reader = _Reader(faults)
    data = reader.mapping(root, ())
    return Settings(data, reader.positions)


class _Reader:
    """Walks one tree, and counts what it meets: an alias is met anew each time that it is used."""

    def __init__(self, faults: list[Fault]) -> None:
        self.positions: dict[KeyPath, str] = {}
        self._faults = faults
        self._nodes = 0

    def mapping(self, node: Mapping, path: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        places: dict[str, str] = {}
        for key, value in node.entries:
            self._count(key, path)
            here = (*path, key.text)
            if key.text in places:
                self._faults.append(Fault(here, f"stands twice: here and at {places[key.text]}; remove one of them", key.where))
                continue
            places[key.text] = self.positions[here] = key.where
            found[key.text] = self._value(value, here, reading_of(here))
        return found

    def _value(self, node: Node, path: KeyPath, reading: Reading) -> Any:
        self._count(node, path)
        if isinstance(node, Mapping):
            return self.mapping(node, path)
        if isinstance(node, Sequence):
            return [self._item(item, (*path, str(number)), reading) for number, item in enumerate(node.items)]
        return _scalar(node, reading)

    def _item(self, node: Node, path: KeyPath, reading: Reading) -> Any:
        self.positions[path] = node.where
        # "Not set" is said of keys; in a list of texts, null can only be the word.
        return self._value(node, path, Reading.AS_WRITTEN if reading is Reading.TEXT_OR_NULL else reading)

    def _count(self, node: Node, path: KeyPath) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            advice = "do not repeat parts by & and *, and keep long lists of translations in a file (values: {file: …})"
            raise ConfigError(f"{node.where}: more than {MAX_NODES:,} values once its aliases are written out: {advice}")
        if len(path) > MAX_DEPTH:
            raise ConfigError(f"{node.where}: nested more than {MAX_DEPTH} levels deep once its aliases are written out")


def _scalar(node: Scalar, reading: Reading) -> Any:
    if not node.plain or reading is Reading.AS_WRITTEN:
        return node.text
    if node.text in _NULLS:
        return None
    return node.text if reading is Reading.TEXT_OR_NULL else _core_value(node.text)


def _core_value(text: str) -> str | bool | int | float:
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    return next((convert(text) for pattern, convert in _NUMBERS if pattern.fullmatch(text)), text)
