"""Does somebody have to be told how a run ended?"""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import closing

from etl.clock import Clock
from etl.config.model import NotifyConfig
from etl.errors import EtlError, GuardError
from etl.jobs.session import Session
from etl.jobs.settings import ledger_url
from etl.ledger.find import find_ledger
from etl.notify.change import News, news
from etl.notify.message import Message, addressed, safe_code
from etl.notify.webhook import WebhookError, post
from etl.records import NEEDS_A_PERSON, JobState
from etl.report.needy import needy_rows
from etl.report.summary import Summary

_TOLD_OF = {0, 1, 2, 3}
_RECEIVER_BYTES = 6


async def tell(session: Session, summary: Summary, error: EtlError | None) -> None:
    """Send the message that this run's end calls for, if it calls for one; whatever goes wrong with that is a warning.

    Told of are whole runs: not a rehearsal, nor a part of the input (``--limit``, a failures file), nor what somebody stopped (129, 130,
    143) or another run kept from starting (4).
    """
    notify = session.config.job.notify
    if notify is None or not _counts_as_night(session, summary):
        return
    found = await asyncio.to_thread(_state, session, summary, error)
    before, remembers = await asyncio.to_thread(_before, session, notify)
    told = news(before, found)
    if told.event is not None and told.event.value in notify.on and not await _sent(session, notify, summary, told, before):
        # What did not arrive is news tomorrow.
        return
    if remembers:
        await asyncio.to_thread(_note, session, notify, told.state)


def _counts_as_night(session: Session, summary: Summary) -> bool:
    request = session.request
    is_part = request.limit is not None or any(file.is_failures_file for file in session.files)
    return request.command == "run" and session.around.practice is None and not is_part and summary.exit_code in _TOLD_OF


def _state(session: Session, summary: Summary, error: EtlError | None) -> JobState:
    codes = tuple(sorted({safe_code(problem.code) for problem in summary.problems}))
    needy = sum(summary.counts[action] for action in NEEDS_A_PERSON)
    listed = needy_rows(session.folder) if needy and error is None else None
    return JobState(
        failing=summary.exit_code != 0,
        since=summary.finished_at,
        stopped_by=_stopped_by(error),
        codes=codes if needy else (),
        rows=needy,
        row_digests=listed.digests if listed is not None else (None if needy else frozenset()),
    )


def _stopped_by(error: EtlError | None) -> tuple[str, ...]:
    if error is None:
        return ()
    if isinstance(error, GuardError) and error.guards:
        return tuple(f"{error.reason}.{guard}" for guard in error.guards)
    return (error.reason,)


def _before(session: Session, notify: NotifyConfig) -> tuple[JobState | None, bool]:
    """What was last told, and whether the ledger can remember what is told now."""
    try:
        ledger = find_ledger(_url(session), clock=_clock(session))
        if ledger is None:
            return None, False
        with closing(ledger):
            return ledger.told(session.config.job.name, _receiver(notify)), True
    except EtlError as error:
        say = session.around.voice.say
        say("warning", "told_unknown", f"what the receiver of messages was last told cannot be looked up: {error.message}")
        return None, False


def _note(session: Session, notify: NotifyConfig, state: JobState) -> None:
    try:
        ledger = find_ledger(_url(session), clock=_clock(session))
        if ledger is not None:
            with closing(ledger):
                ledger.note_told(session.config.job.name, _receiver(notify), state)
    except EtlError as error:
        session.around.voice.say("warning", "told_unnoted", f"what was told cannot be noted, so it may be told again: {error.message}")


async def _sent(session: Session, notify: NotifyConfig, summary: Summary, told: News, before: JobState | None) -> bool:
    message = _message(summary, told, before)
    url, body = addressed(notify.url, message, notify.format)
    say = session.around.voice.say
    try:
        await post(url, body, clock=session.around.clock, transport=session.around.webhook)
    except WebhookError as error:
        say("warning", "notify_failed", f"the message {message.event.value!r} did not reach the webhook: {error}", told=message.event.value)
        return False
    say("info", "notified", f"the webhook was told: {message.event.value}", told=message.event.value)
    return True


def _message(summary: Summary, told: News, before: JobState | None) -> Message:
    if told.event is None:
        raise ValueError("there is nothing to tell")
    codes: dict[str, int] = {}
    for problem in summary.problems:
        codes[safe_code(problem.code)] = codes.get(safe_code(problem.code), 0) + problem.rows
    since = told.state.since if told.state.failing else before.since if before is not None else None
    return Message(
        event=told.event,
        name=summary.name,
        run_id=summary.run_id,
        status=summary.status.value,
        exit_code=summary.exit_code,
        reason=summary.reason,
        stopped_by=told.state.stopped_by,
        finished_at=summary.finished_at,
        failing_since=since,
        rows=summary.rows,
        counts={action.value: rows for action, rows in summary.counts.items() if rows},
        codes=codes,
        needs_a_person=sum(summary.counts[action] for action in NEEDS_A_PERSON),
        new_rows=told.new_rows,
    )


def _url(session: Session) -> str:
    return ledger_url(session.request, session.around, session.config)


def _clock(session: Session) -> Clock:
    return session.around.clock


def _receiver(notify: NotifyConfig) -> bytes:
    """Too short to be turned back into the URL, which is a secret."""
    return hashlib.blake2b(notify.url.encode(), digest_size=_RECEIVER_BYTES).digest()
