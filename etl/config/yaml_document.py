"""What does a YAML text say, and where? A tree of nodes with positions, without any meaning yet.

The tree is built from ruamel.yaml's events: nothing is constructed, so no tag can make anything but text of a scalar, and an alias
is one shared node until somebody walks it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from etl.config.secrets import mask_api_keys
from etl.errors import ConfigError

MAX_DEPTH = 50
"""Levels of nesting; a config needs six."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_QUOTE_HINT = "put the whole text in quotes"


@dataclass(frozen=True, slots=True)
class Scalar:
    """Text; ``plain`` when it stood without quotes, so that it may be more than text. ``where`` is ``file:line:column``."""

    where: str
    text: str
    plain: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    where: str
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with values, in the order of the file; a key may still stand twice."""

    where: str
    entries: tuple[tuple[Scalar, Node], ...]


Node = Scalar | Sequence | Mapping


def parse_yaml(text: str, file: str) -> Node | None:
    """The one document of ``text``, or None where it holds nothing.

    Args:
        text: YAML 1.2.
        file: Its name, for positions.

    Raises:
        ConfigError: A syntax error, a tag, an alias without its anchor, a key that is no text, more than one document, or too deep
            nesting; the message begins with ``file:line:column``.
    """
    try:
        return _Builder(file, iter(YAML(typ="safe", pure=True).parse(text))).document()
    except MarkedYAMLError as error:
        raise _error(f"{_place(file, error.problem_mark or error.context_mark)}: {_sentence(error)}") from None
    except ReaderError as error:
        line, column = _line_and_column(text, int(error.position))
        raise _error(f"{file}:{line}:{column}: character {error.character!r} may not stand in YAML") from None
    except (YAMLError, ValueError, AssertionError) as error:
        # ruamel lets chr() refuse an escape such as "\U00110000", and asserts the version of %YAML.
        raise _error(f"{file}: not YAML: {error}") from None


class _Builder:
    """Turns one stream of events into a tree."""

    # Events are Any: ruamel declares the attributes of each kind in __slots__, where mypy does not see them.
    def __init__(self, file: str, events: Iterator[Any]) -> None:
        self._file = file
        self._events = events
        self._anchors: dict[str, Node] = {}

    def document(self) -> Node | None:
        found: Node | None = None
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._fault(event, "a second document begins here; a config is one document, so remove the line ---")
            elif isinstance(event, NodeEvent):
                found = self._node(event, 1)
        return found

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, AliasEvent):
            return self._anchored(event)
        self._refuse_tag(event)
        if depth > MAX_DEPTH:
            raise self._fault(event, f"nested more than {MAX_DEPTH} levels deep")
        node = self._made(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _made(self, event: Any, depth: int) -> Node:
        where = _place(self._file, event.start_mark)
        if isinstance(event, SequenceStartEvent):
            return Sequence(where, tuple(self._node(item, depth + 1) for item in self._until(SequenceEndEvent)))
        if isinstance(event, MappingStartEvent):
            return Mapping(where, tuple(self._entry(key, depth + 1) for key in self._until(MappingEndEvent)))
        if _SURROGATE.search(event.value):
            raise self._fault(event, "the escape of half a character (\\ud800 to \\udfff) is no text; write the character itself")
        return Scalar(where, event.value, plain=event.implicit[0])

    def _until(self, end: type[Event]) -> Iterator[Any]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event

    def _entry(self, event: Any, depth: int) -> tuple[Scalar, Node]:
        key = self._node(event, depth)
        if not isinstance(key, Scalar):
            raise self._fault(event, "a key must be text; quote a key that begins with { or [")
        return key, self._node(next(self._events), depth)

    def _anchored(self, event: Any) -> Node:
        # An anchor counts only when its node is complete, so a node that contains itself cannot be written.
        node = self._anchors.get(event.anchor)
        if node is None:
            raise self._fault(event, f"*{event.anchor} has no &{event.anchor} before it; if it is text, {_QUOTE_HINT}")
        return node

    def _refuse_tag(self, event: Any) -> None:
        if event.tag is not None:
            raise self._fault(event, f"tag {event.tag!r}: tags are not read in a config; if it is text, {_QUOTE_HINT}")

    def _fault(self, event: Any, message: str) -> ConfigError:
        return _error(f"{_place(self._file, event.start_mark)}: {message}")


def _error(message: str) -> ConfigError:
    return ConfigError(mask_api_keys(message))


def _place(file: str, mark: Any) -> str:
    return file if mark is None else f"{file}:{mark.line + 1}:{mark.column + 1}"


def _line_and_column(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def _sentence(error: MarkedYAMLError) -> str:
    problem = str(error.problem or "not YAML")
    if "'\\t'" in problem:
        return f"{problem}: indent with blanks, not with tabs"
    if "cannot start any token" in problem:
        return f"{problem}: if it is text, {_QUOTE_HINT}"
    if "mapping values are not allowed here" in problem:
        return f"{problem}: text that holds ': ' must stand in quotes; otherwise the indentation is not that of its neighbours"
    context = error.context
    return f"{problem} ({context})" if context else problem
