"""What does ``${VAR}`` stand for? Expanded in three places alone, and never for the API key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from etl.config.faults import Fault, KeyPath
from etl.config.secrets import API_KEY_MESSAGE, holds_api_key

EXPANDED: tuple[KeyPath, ...] = (("ledger",), ("notify", "url"), ("source", "path"))
API_KEY_VARIABLE = "LIGHTFIELD_API_KEY"

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def expand_variables(data: dict[str, Any], environment: Mapping[str, str], faults: list[Fault]) -> dict[str, Any]:
    """``data`` with the variables of the ``EXPANDED`` keys replaced; ``$${`` becomes ``${`` there.

    Args:
        data: A config as nested dicts.
        environment: The variables.
        faults: Gains a fault for each variable that is unset, empty, no name, or the API key.
    """
    for path in EXPANDED:
        data = _replaced(data, path, lambda text, here=path: _expand(text, here, environment, faults))
    return data


def _replaced(value: Any, path: KeyPath, change: Any) -> Any:
    """A copy of ``value`` in which ``change`` was applied to the text, or the list of texts, at ``path``."""
    if path:
        inside = isinstance(value, dict) and path[0] in value
        return {**value, path[0]: _replaced(value[path[0]], path[1:], change)} if inside else value
    if isinstance(value, list):
        return [change(item) if isinstance(item, str) else item for item in value]
    return change(value) if isinstance(value, str) else value


def _expand(text: str, path: KeyPath, environment: Mapping[str, str], faults: list[Fault]) -> str:
    messages = [message for name in _names(text) if (message := _refusal(name, environment))]
    if messages:
        faults.extend(Fault(path, message) for message in messages)
        return text
    expanded = _REFERENCE.sub(lambda found: "${" if found[1] is None else environment[found[1]], text)
    if holds_api_key(expanded) and not holds_api_key(text):
        faults.append(Fault(path, API_KEY_MESSAGE))
    return expanded


def _names(text: str) -> Iterator[str]:
    return (found[1] for found in _REFERENCE.finditer(text) if found[1] is not None)


def _refusal(name: str, environment: Mapping[str, str]) -> str | None:
    if name == API_KEY_VARIABLE:
        return f"${{{name}}} is never expanded: {API_KEY_MESSAGE}"
    if not _NAME.fullmatch(name):
        return f"${{{name}}} names no variable; write ${{NAME}}, or $${{ for the characters ${{"
    if name not in environment:
        return f"${{{name}}}: the environment has no variable {name}; set it, or write $${{ for the characters ${{"
    return None if environment[name] else f"${{{name}}}: the variable {name} is empty; set it"
