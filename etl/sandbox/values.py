"""Is this a value for such a field?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from etl.sandbox.answers import bad_request
from etl.sandbox.clock import iso
from etl.sandbox.schema import FieldType


def checked_value(item: FieldType, value: Any, param: str) -> Any:
    """A field's value as it will be stored.

    Args:
        item: The field.
        value: As sent; None clears the field.
        param: Its place in the request.

    Returns:
        The value; a datetime in UTC, a select's label as its option id.

    Raises:
        RefusalError: 400 ``invalid_type``, or ``referenced_resource_missing`` for an option that there is not.
    """
    if value is None:
        return None
    if item.multiple:
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            raise bad_request("invalid_type", f"'{param}' must be a list of strings.", param)
        return value
    return _check_of(item.value_type)(item, value, param)


def _text(_item: FieldType, value: Any, param: str) -> str:
    if not isinstance(value, str):
        raise bad_request("invalid_type", f"'{param}' must be a string.", param)
    return value


def _option(item: FieldType, value: Any, param: str) -> str:
    text = _text(item, value, param)
    for option, label in item.options.items():
        if text in (option, label):
            return option
    if text.startswith("opt_"):
        raise bad_request("referenced_resource_missing", f"There is no option '{text}' for '{param}'.", param)
    raise bad_request("invalid_type", f"'{param}' must be one of {', '.join(item.options)}.", param)


def _datetime(item: FieldType, value: Any, param: str) -> str:
    text = _text(item, value, param)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    # A bare date parses too, and has no zone: which moment it means is anybody's guess.
    if moment is None or moment.tzinfo is None:
        raise bad_request("invalid_type", f"'{param}' must be an ISO 8601 datetime with its zone.", param)
    try:
        return iso(moment)
    except OverflowError:
        raise bad_request("invalid_type", f"'{param}' is out of range.", param) from None


def _full_name(_item: FieldType, value: Any, param: str) -> dict[str, str | None]:
    parts = ("firstName", "lastName")
    if not isinstance(value, dict) or not set(value) <= set(parts) or not all(isinstance(part, str | None) for part in value.values()):
        raise bad_request("invalid_type", f"'{param}' must be an object with firstName and lastName.", param)
    return {part: value.get(part) for part in parts}


_Check = Callable[[FieldType, Any, str], Any]
_CHECKS: dict[str, _Check] = {"SINGLE_SELECT": _option, "DATETIME": _datetime, "FULL_NAME": _full_name}


def _check_of(value_type: str) -> _Check:
    return _CHECKS.get(value_type, _text)
