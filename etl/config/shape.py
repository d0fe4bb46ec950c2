"""Does a config have the shape of the model? pydantic's errors become faults that people can act on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from etl.config.faults import Fault, KeyPath
from etl.config.fields import FieldRule, ValuesFile
from etl.config.merge import is_side_file
from etl.config.model import GuardsConfig, JobConfig, LimitsConfig, MaxAge, NotifyConfig, SourceConfig, SyncConfig, WorkspaceConfig
from etl.config.secrets import forbidden_key_message, is_secret
from etl.config.words import did_you_mean, nearest_word

_MODELS: dict[KeyPath, type[BaseModel]] = {
    (): JobConfig,
    ("source",): SourceConfig,
    ("workspace",): WorkspaceConfig,
    ("sync",): SyncConfig,
    ("limits",): LimitsConfig,
    ("guards",): GuardsConfig,
    ("guards", "max_age"): MaxAge,
    ("notify",): NotifyConfig,
}

_ALLOWED = {
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "tuple_type": "a list",
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "literal_error": "{expected}",
    "string_too_short": "at least {min_length} character",
    "string_too_long": "at most {max_length} characters",
    "too_short": "{min_length} or more of it",
}
"""From the type of a pydantic error to what would have been right."""

_SHOWN_CHARACTERS = 60


def keys_at(path: KeyPath) -> tuple[str, ...]:
    """The keys that a config may have at ``path``; none where keys are free."""
    model = _MODELS.get(path)
    if path[:1] == ("map",) and len(path) > 1:
        model = ValuesFile if "values" in path[2:] else FieldRule
    if model is None:
        return ()
    names = tuple(field.alias or name for name, field in model.model_fields.items())
    return ("name", "extends", *names[1:]) if model is JobConfig else names


def checked_shape(data: dict[str, Any], faults: list[Fault]) -> JobConfig | None:
    """The config in its final types, or None and a fault for each thing that does not fit.

    Args:
        data: A config as nested dicts, in long forms and without nulls.
        faults: Gains the faults; what lies at or below a place that already has one is not said twice.
    """
    try:
        return JobConfig.model_validate(data)
    except ValidationError as error:
        known = {fault.path for fault in faults}
        found = _faults(error.errors(include_url=False), data)
        faults.extend(fault for fault in found if not _is_said(fault.path, known))
        return None


def _is_said(path: KeyPath, known: set[KeyPath]) -> bool:
    if not path:
        # Validators of the whole model (required targets) repeat what cross_checks says at its place.
        return bool(known)
    return any(path[:length] in known for length in range(1, len(path) + 1))


def _faults(errors: Iterable[ErrorDetails], data: dict[str, Any]) -> Iterator[Fault]:
    placed = [(_path(error, data), error) for error in errors if _is_of_the_form_that_was_written(error, data)]
    placed.sort(key=lambda item: item[0])
    for path, same_place in groupby(placed, key=lambda item: item[0]):
        yield Fault(path, _message(path, [error for _, error in same_place]))


def _path(error: ErrorDetails, data: Any) -> KeyPath:
    """The keys of the config in an error's location: the names of union members and our own wrappers are left out."""
    path: list[str] = []
    *above, last = error["loc"] or ("",)
    for part in (*above, last):
        known = isinstance(data, dict) and part in data
        listed = isinstance(data, list) and isinstance(part, int) and part < len(data)
        if known or listed:
            data = data[part]
            path.append(str(part))
    if error["type"] == "missing":
        path.append(str(last))
    return tuple(path)


def _is_of_the_form_that_was_written(error: ErrorDetails, data: Any) -> bool:
    """A step of ``values`` is a file or translations; pydantic tells what is wrong with it as either.

    It also calls a list too short whose items are wrong, which is said of the items.
    """
    location = error["loc"]
    if error["type"] == "too_short" and error["input"]:
        return False
    if "ValuesFile" not in location and "ValuesMapping" not in location:
        return True
    values = data["map"][location[1]]["values"]
    step = values[location[3]] if isinstance(values, list) and isinstance(location[3], int) else values
    return ("ValuesFile" in location) == (is_side_file(step) or isinstance(step, str))


def _message(path: KeyPath, errors: list[ErrorDetails]) -> str:
    kinds = {error["type"]: error for error in errors}
    if "extra_forbidden" in kinds:
        return _unknown_key(path)
    if "missing" in kinds:
        return "is missing and required"
    if "value_error" in kinds:
        # Our own validators' sentences; pydantic puts words of its own before them.
        return _without_secret(path, kinds["value_error"]["msg"].removeprefix("Value error, "))
    allowed = " or ".join(dict.fromkeys(_allowed(error) for error in errors))
    found = errors[0]["input"]
    hint = "; put text that begins with { or [ in quotes" if "string_type" in kinds and isinstance(found, (dict, list)) else ""
    return f"found {_shown(path, found)}, allowed: {allowed}{hint}"


def _unknown_key(path: KeyPath) -> str:
    *above, key = path
    forbidden = forbidden_key_message(key)
    if forbidden:
        return forbidden
    allowed = keys_at(tuple(above))
    elsewhere = [".".join((*place, key)) for place in _MODELS if key in keys_at(place)]
    if elsewhere and nearest_word(key, allowed) is None:
        return f"unknown key here; it is written {' or '.join(elsewhere)}"
    return f"unknown key{did_you_mean(key, allowed)}"


def _allowed(error: ErrorDetails) -> str:
    wording = _ALLOWED.get(error["type"])
    return error["msg"] if wording is None else wording.format(**error.get("ctx", {})).replace("'", "")


def _shown(path: KeyPath, value: Any) -> str:
    if is_secret(path):
        return "a value that is not shown"
    if isinstance(value, (dict, list, tuple)):
        return "keys with values" if isinstance(value, dict) else "a list" if value else "an empty list"
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _without_secret(path: KeyPath, message: str) -> str:
    return "this value cannot be used (it is not shown)" if is_secret(path) else message
