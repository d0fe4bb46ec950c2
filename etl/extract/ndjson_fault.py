"""Which line keeps a file from being NDJSON that can be read?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_EXCERPT = 60
_KINDS: dict[type, str] = {dict: "an object", list: "a list"}


def first_fault(path: Path) -> str | None:
    """A sentence that begins with ``line 5001``; None where each line is an object, and no field is an object here and a list there."""
    kinds: dict[str, tuple[str, int]] = {}
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip(b"\xef\xbb\xbf \t\r\n"):
                continue
            try:
                record = json.loads(line.decode("utf-8-sig").strip(), parse_constant=_refuse)
            except json.JSONDecodeError as error:
                return f"line {number} is no JSON object ({error.msg}, column {error.colno}): {_shown(line)}"
            except ValueError as error:
                return f"line {number} is no JSON object ({error}): {_shown(line)}"
            if not isinstance(record, dict):
                return f"line {number} is no JSON object: {_shown(line)}"
            for name, kind in _kinds(record, ""):
                first, first_line = kinds.setdefault(name, (kind, number))
                if kind != first:
                    return f"line {number}: {name!r} is {kind} there, and {first} in line {first_line}"
    return None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON: write null")


def _kinds(record: dict[str, Any], before: str) -> Iterator[tuple[str, str]]:
    for name, value in record.items():
        path = f"{before}{name}"
        if value is not None:
            yield path, _KINDS.get(type(value), "a plain value")
        if isinstance(value, dict):
            yield from _kinds(value, f"{path}.")


def _shown(line: bytes) -> str:
    text = line.decode("utf-8", "replace").strip("\ufeff \t\r\n")
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
