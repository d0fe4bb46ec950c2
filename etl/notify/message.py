"""What does a message say? Counts and codes alone: it goes to people and services that may not see what is in a row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from etl.notify.change import Event

Format = Literal["slack", "pagerduty", "json"]

SOURCE = "lightfield-etl"
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_ROUTING_KEY = "routing_key"
_SLACK_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_MOST_CODES = 5
_ROWS_NEED_A_PERSON = 1
_NOTHING_WRITTEN = 2


@dataclass(frozen=True, slots=True)
class Message:
    """What is told of one run.

    Attributes:
        event: Why it is sent.
        name: The import's: what a receiver merges by.
        run_id, status, exit_code, reason: As in ``summary.json``.
        stopped_by: Why the run could not go to its end.
        finished_at: UTC.
        failing_since: UTC; of a recovery when the failing began, None where that is not known.
        rows: Of the input, as far as it was read.
        counts: Rows by action, without the zeros.
        codes: Problem code to rows, the most frequent first.
        needs_a_person: Rows that do.
        new_rows: Of them, those that did not before; None where nobody can tell.
    """

    event: Event
    name: str
    run_id: str
    status: str
    exit_code: int
    reason: str | None
    stopped_by: tuple[str, ...]
    finished_at: datetime
    failing_since: datetime | None
    rows: int
    counts: Mapping[str, int]
    codes: Mapping[str, int]
    needs_a_person: int
    new_rows: int | None


def safe_code(code: str) -> str:
    """A code as it may leave the house: Lightfield's own are words, and what is none could hold anything."""
    return code if _CODE.fullmatch(code) else "other"


def addressed(url: str, message: Message, form: Format) -> tuple[str, dict[str, Any]]:
    """Where a message goes, and its body as a JSON object.

    PagerDuty's routing key is part of the body: it is taken out of the URL's query.
    """
    if form == "slack":
        return url, {"text": _slack_text(message)}
    if form == "json":
        return url, _facts(message)
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    routing = [pair for pair in query if pair[0] == _ROUTING_KEY]
    rest = urlencode([pair for pair in query if pair[0] != _ROUTING_KEY])
    return urlunsplit(parts._replace(query=rest)), {**dict(routing), **_pagerduty_event(message)}


def sentence(message: Message) -> str:
    """The message for people."""
    if message.event is Event.RECOVERED:
        since = f" (it had failed since {_moment(message.failing_since)})" if message.failing_since else ""
        return f"{message.name}: recovered{since}: {_counted(message.counts) or 'no rows'}"
    if message.exit_code == _ROWS_NEED_A_PERSON:
        return f"{message.name}: {_needy(message)}"
    ended = "nothing was written" if message.exit_code == _NOTHING_WRITTEN else "stopped part-way"
    told = f": {_counted(message.counts)}" if any(message.counts.values()) else ""
    return f"{message.name}: {ended} ({', '.join(message.stopped_by)}){told}"


def _needy(message: Message) -> str:
    needs = f"row{'' if message.rows == 1 else 's'} need{'s' if message.needs_a_person == 1 else ''} a person"
    more = f" and {len(message.codes) - _MOST_CODES} more kinds" if len(message.codes) > _MOST_CODES else ""
    codes = ", ".join(f"{rows:,} {code}" for code, rows in list(message.codes.items())[:_MOST_CODES])
    new = "" if message.new_rows in {None, message.needs_a_person} else f", {message.new_rows:,} of them new"
    return f"{message.needs_a_person:,} of {message.rows:,} {needs}{new}" + (f" ({codes}{more})" if codes else "")


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{rows:,} {action.replace('_', ' ')}" for action, rows in counts.items() if rows)


def _slack_text(message: Message) -> str:
    mark = ":white_check_mark:" if message.event is Event.RECOVERED else ":warning:"
    text = "".join(_SLACK_ESCAPES.get(character, character) for character in sentence(message))
    return f"{mark} {text}\nrun {message.run_id} · exit code {message.exit_code}"


def _pagerduty_event(message: Message) -> dict[str, Any]:
    """Of the Events API v2; ``dedup_key`` is what merges a night's event with those before, and lets a recovery close them."""
    return {
        "event_action": "resolve" if message.event is Event.RECOVERED else "trigger",
        "dedup_key": message.name,
        "client": SOURCE,
        "payload": {
            "summary": sentence(message)[:1024],
            "source": SOURCE,
            "severity": "warning" if message.exit_code <= _ROWS_NEED_A_PERSON else "error",
            "timestamp": _moment(message.finished_at),
            "component": message.name,
            "custom_details": _facts(message),
        },
    }


def _facts(message: Message) -> dict[str, Any]:
    return {
        "event": message.event.value,
        "name": message.name,
        "text": sentence(message),
        "run_id": message.run_id,
        "status": message.status,
        "exit_code": message.exit_code,
        "reason": message.reason,
        "stopped_by": list(message.stopped_by),
        "finished_at": _moment(message.finished_at),
        "failing_since": _moment(message.failing_since) if message.failing_since else None,
        "rows": message.rows,
        "counts": dict(message.counts),
        "problems": dict(message.codes),
        "needs_a_person": message.needs_a_person,
        "new_rows": message.new_rows,
    }


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
