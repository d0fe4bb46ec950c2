"""What is wrong with a config, all of it at once, in lines that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from etl.config.secrets import mask_api_keys
from etl.errors import ConfigError

_LONGEST_LINE = 2000
_PLACE = re.compile(r"(.*?)(?::(\d+):(\d+))?", re.DOTALL)

KeyPath = tuple[str, ...]
"""Keys from the top of the config down to the place, such as ``("map", "$title", "column")``."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        path: The key that it is about; empty for the config as a whole.
        message: What was found, what is allowed, what to do.
        where: ``file:line:column``, where that is not simply the key's place.
    """

    path: KeyPath
    message: str
    where: str | None = None


def nearest_place(path: KeyPath, positions: Mapping[KeyPath, str]) -> str | None:
    """``file:line:column`` of ``path``, or of its nearest parent that stands in a file."""
    return next((positions[path[:length]] for length in range(len(path), 0, -1) if path[:length] in positions), None)


def preset_advice(where: str, presets: Mapping[str, str], own_file: str) -> str:
    """The end of a sentence about a line that the user did not write and should not change; empty for every other line.

    Args:
        where: ``file:line:column``.
        presets: From the files of presets that were extended by name to those names.
        own_file: The user's own config.
    """
    file, _, _ = _PLACE.fullmatch(where).groups()  # type: ignore[union-attr]  # the pattern fits every text
    return f" (this line is the preset {presets[file]}'s: say it otherwise in {own_file})" if file in presets else ""


def faults_as_error(
    faults: Iterable[Fault], positions: Mapping[KeyPath, str], files: Iterable[str], presets: Mapping[str, str]
) -> ConfigError:
    """One error that says every fault, one a line, in the order in which they stand in the files.

    Args:
        faults: At least one.
        positions: From a key's path to ``file:line:column``.
        files: The files that were read, the user's own first.
        presets: As ``preset_advice`` takes them.
    """
    order = {file: number for number, file in enumerate(files)}
    first = next(iter(order), "config")
    placed = [(fault.where or nearest_place(fault.path, positions) or first, fault) for fault in faults]
    placed.sort(key=lambda item: _sort_key(item[0], order))
    said_of_a_key = {(_sort_key(where, order)[:2], fault.message) for where, fault in placed if fault.path}
    # An API key is found by its looks, and often by the name of its key too: once is enough.
    told = [item for item in placed if item[1].path or (_sort_key(item[0], order)[:2], item[1].message) not in said_of_a_key]
    lines = [f"{_line(where, fault)}{preset_advice(where, presets, first)}" for where, fault in told]
    return ConfigError(
        "\n".join(_cut(mask_api_keys(line)) for line in dict.fromkeys(lines)), next_step=f"correct {first}, then run the same command again"
    )


def _line(where: str, fault: Fault) -> str:
    return f"{where}: {dotted(fault.path)}: {fault.message}" if fault.path else f"{where}: {fault.message}"


def _cut(line: str) -> str:
    """A value may be as long as the file."""
    return line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…"


def dotted(path: KeyPath) -> str:
    """``map.$status.values``."""
    return ".".join(path)


def _sort_key(where: str, order: Mapping[str, int]) -> tuple[int, int, int]:
    file, line, column = _PLACE.fullmatch(where).groups()  # type: ignore[union-attr]  # the pattern fits every text
    return order.get(file, len(order)), int(line or 0), int(column or 0)
