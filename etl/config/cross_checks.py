"""Do the parts of a config go together? What no single key can tell, read from the plain settings so that it is said with the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from etl.config.columns import fold_column
from etl.config.faults import Fault, KeyPath
from etl.config.field_checks import field_faults
from etl.config.model import CONTENT_KEY
from etl.config.webhook import WEBHOOK_MESSAGE, is_webhook
from etl.config.words import nearest_word
from etl.task import REQUIRED_TARGETS

_TIME = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?")
_SYNC_WITHOUT_KEY = (
    "`key: content` cannot be synced: a row whose cells change gets another identity, so it would become a second task; "
    "name the columns that identify a row for ever"
)


def cross_check_faults(data: dict[str, Any]) -> Iterator[Fault]:
    """A fault for each thing in ``data`` (nested dicts, long forms, of any shape) that contradicts another, or the world."""
    for path, holder in _holders_of_times(data):
        yield from _time_faults(path, holder)
    yield from _map_faults(data.get("map"))
    yield from _source_faults(data.get("source"))
    yield from _notify_faults(data.get("notify"))
    if _identity_is_content(data) and (data.get("mode") == "sync" or data.get("sync")):
        yield Fault(("source", "key"), _SYNC_WITHOUT_KEY)


def _holders_of_times(data: dict[str, Any]) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    yield (), data
    fields = data.get("map")
    for target, rule in fields.items() if isinstance(fields, dict) else ():
        if isinstance(rule, dict):
            yield ("map", target), rule


def _time_faults(path: KeyPath, holder: dict[str, Any]) -> Iterator[Fault]:
    zone, time = holder.get("timezone"), holder.get("time")
    if isinstance(zone, str) and not _is_zone(zone):
        near = nearest_word(zone, sorted(available_timezones()))
        question = f"; did you mean {near}?" if near else ""
        yield Fault((*path, "timezone"), f"{zone!r} is no time zone{question} (allowed: IANA names such as America/New_York)")
    if isinstance(time, str) and not _TIME.fullmatch(time):
        yield Fault((*path, "time"), f"{time!r} is no time of day (allowed: HH:MM or HH:MM:SS, such as 17:00)")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _map_faults(fields: Any) -> Iterator[Fault]:
    if not isinstance(fields, dict):
        return
    for target in REQUIRED_TARGETS:
        if target not in fields:
            yield Fault(("map", target), "is missing: Lightfield requires it of every task")
    for target, rule in fields.items():
        yield from field_faults(target, rule)


def _source_faults(source: Any) -> Iterator[Fault]:
    if not isinstance(source, dict):
        return
    yield from _key_faults(source.get("key"))
    encoding, delimiter = source.get("encoding", "auto"), source.get("delimiter", "auto")
    if isinstance(encoding, str) and encoding != "auto" and not _is_encoding(encoding):
        yield Fault(("source", "encoding"), f"{encoding!r} is no encoding (allowed: auto, or a name such as utf-8, cp1252, utf-16)")
    if isinstance(delimiter, str) and delimiter != "auto" and (len(delimiter) != 1 or delimiter in '"\r\n'):
        allowed = 'auto, or one character such as "," ";" "|" or "\\t"'
        yield Fault(("source", "delimiter"), f"{delimiter!r} is no delimiter (allowed: {allowed})")


def _notify_faults(notify: Any) -> Iterator[Fault]:
    url = notify.get("url") if isinstance(notify, dict) else None
    if isinstance(url, str) and "${" not in url and not is_webhook(url):
        yield Fault(("notify", "url"), WEBHOOK_MESSAGE)


def _key_faults(key: Any) -> Iterator[Fault]:
    """A column that is two parts of the key: parts are written side by side, aliases of one part in a list of their own."""
    seen: set[str] = set()
    for part in key if isinstance(key, list) else ():
        aliases = [alias for alias in (part if isinstance(part, list) else [part]) if isinstance(alias, str)]
        for alias in aliases:
            if fold_column(alias) in seen:
                message = (
                    f"{alias!r} is two of its parts; other names of one column stand in a list of their own: [[Record ID, hs_object_id]]"
                )
                yield Fault(("source", "key"), message)
        seen.update(map(fold_column, aliases))


def _is_encoding(name: str) -> bool:
    try:
        "".encode(name)
    except (LookupError, ValueError):
        return False
    return True


def _identity_is_content(data: dict[str, Any]) -> bool:
    source = data.get("source")
    return isinstance(source, dict) and source.get("key") in (CONTENT_KEY, [CONTENT_KEY], [[CONTENT_KEY]])
