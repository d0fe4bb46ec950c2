"""Which keys of a config hold text, so that ``0012`` and ``No`` stay what was written?"""

from __future__ import annotations

from enum import Enum

TYPED_FIELD_KEYS = frozenset({"html", "first_line", "max_length"})
"""The keys of one entry of ``map`` that are no text."""


class Reading(Enum):
    """How an unquoted scalar is read."""

    AS_WRITTEN = "as written"
    """Text, whatever it looks like: even ``null`` is the word."""
    TEXT_OR_NULL = "text or null"
    """Text, but ``null``, ``~`` or nothing means: not set."""
    TYPED = "typed"
    """YAML 1.2 core: null, true, false and numbers are what they look like."""


_AS_WRITTEN = (("name",), ("time",), ("source", "key"), ("source", "null_values"))

_TEXT = frozenset(
    {
        ("extends",),
        ("timezone",),
        ("ledger",),
        ("workspace", "member"),
        ("notify", "url"),
        ("guards", "max_age", "column"),
        ("source", "path"),
        ("source", "exclude"),
        ("source", "encoding"),
        ("source", "delimiter"),
    }
)


def reading_of(path: tuple[str, ...]) -> Reading:
    """How the scalar at ``path`` is read; a list's items are read like the list's key."""
    if any(path[: len(written)] == written for written in _AS_WRITTEN):
        return Reading.AS_WRITTEN
    if path[:1] == ("map",):
        return _reading_in_map(path[2:])
    is_text = any(path[: len(text)] == text for text in _TEXT)
    return Reading.TEXT_OR_NULL if is_text else Reading.TYPED


def _reading_in_map(path: tuple[str, ...]) -> Reading:
    if path[:1] == ("time",) or (path[:1] == ("values",) and len(path) > 1):
        return Reading.AS_WRITTEN
    if path and path[0] in TYPED_FIELD_KEYS:
        return Reading.TYPED
    return Reading.TEXT_OR_NULL
