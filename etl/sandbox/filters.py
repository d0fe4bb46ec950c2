"""Which records does a list's query ask for?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from etl.sandbox.answers import bad_request
from etl.sandbox.records import Record
from etl.sandbox.schema import ObjectType

LARGEST_PAGE = 25
_FILTER = re.compile(r"(?P<key>[^\[\]]+)(?:\[(?P<negated>-?)(?P<operator>\w+)\])?")
_PAGING = ("limit", "offset", "status")
# By valueType, the default first (the documents' table of operators).
_OPERATORS = {
    "TEXT": ("equal", "startsWith"),
    "FULL_NAME": ("equal", "startsWith"),
    "SINGLE_SELECT": ("equal",),
    "EMAIL": ("contains",),
    "URL": ("contains",),
}
# Case does not matter in the sandbox's index; the documents are silent about it.
_TESTS: dict[str, Callable[[str, str], bool]] = {
    "equal": lambda text, wanted: text.casefold() == wanted.casefold(),
    "startsWith": lambda text, wanted: text.casefold().startswith(wanted.casefold()),
    "contains": lambda text, wanted: wanted.casefold() in text.casefold(),
}


@dataclass(frozen=True, slots=True)
class Page:
    """What a list call asks for.

    Attributes:
        limit: 1 to 25.
        offset: 0 or more.
        trashed: The trash instead of the live records.
        wanted: The filter, None for all.
    """

    limit: int
    offset: int
    trashed: bool
    wanted: Callable[[Record], bool] | None


def read_page(query: Iterable[tuple[str, str]], kind: ObjectType, *, filtered: bool) -> Page:
    """Read a list call's query parameters.

    Args:
        query: Decoded names and values.
        kind: What is listed.
        filtered: Whether this list takes filters; tasks and members take none.

    Raises:
        RefusalError: 400 ``invalid_type`` for a bad ``limit``, ``offset`` or ``status``, or an operator that the field's type does not
            have; ``unknown_field`` for a field that there is not.
    """
    given = list(query)
    paging = {name: value for name, value in given if name in _PAGING}
    filters = [_filter(name, value, kind, filtered=filtered) for name, value in given if name not in _PAGING]
    status = paging.get("status", "active")
    if status not in ("active", "trashed"):
        raise bad_request("invalid_type", "'status' must be active or trashed.", "status")
    return Page(
        limit=_number(paging.get("limit", str(LARGEST_PAGE)), "limit", 1, LARGEST_PAGE),
        offset=_number(paging.get("offset", "0"), "offset", 0, 2**53 - 1),
        trashed=status == "trashed",
        wanted=(lambda record: all(test(record) for test in filters)) if filters else None,
    )


def _number(text: str, name: str, least: int, most: int) -> int:
    value = int(text) if re.fullmatch(r"[0-9]{1,16}", text) else -1
    if not least <= value <= most:
        raise bad_request("invalid_type", f"'{name}' must be a whole number from {least} to {most}.", name)
    return value


def _filter(name: str, wanted: str, kind: ObjectType, *, filtered: bool) -> Callable[[Record], bool]:
    match = _FILTER.fullmatch(name)
    item = kind.fields.get(match["key"]) if match else None
    if not filtered or match is None or item is None:
        raise bad_request("unknown_field", f"'{kind.plural}' cannot be filtered by '{name}'.", name)
    operators = _OPERATORS[item.value_type]
    operator = match["operator"] or operators[0]
    if operator not in operators:
        raise bad_request("invalid_type", f"'{match['key']}' takes {' or '.join(operators)}, not '{operator}'.", name)
    key, negated, test = match["key"], bool(match["negated"]), _TESTS[operator]
    return lambda record: any(test(text, wanted) for text in _texts(record.fields.get(key))) is not negated


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, dict):
        return [" ".join(part for part in (value["firstName"], value["lastName"]) if part)]
    return value if isinstance(value, list) else [value]
