"""What can safely be done about an intent without an outcome?"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from etl.key_window import KEY_WINDOW


class Remedy(StrEnum):
    """What to do next about an intent in doubt."""

    SEND_AGAIN = "send_again"
    """The key still protects: the same request either replays the first answer or runs for the first time."""
    LOOK = "look"
    """The key may be forgotten: sending again could make a second task, so Lightfield must be asked."""


def remedy(first_sent_at: datetime, server_now: datetime) -> Remedy:
    """Rule 4 of docs/rules.md: the age is measured by the server's clock from the intent's *first* send."""
    return Remedy.SEND_AGAIN if server_now - first_sent_at < KEY_WINDOW else Remedy.LOOK


def last_attempt_by(begun_at: datetime, finished_at: datetime | None) -> datetime:
    """The latest moment at which the newest attempt of an intent can have been sent.

    Args:
        begun_at: When it was last begun, by the server's clock.
        finished_at: When its last outcome was noted, by our own clock, which may be wrong; None after a crash.

    Returns:
        The outcome's moment where it is believable. A process that crashed may have sent for as long as the key's window allowed.
    """
    latest = begun_at + KEY_WINDOW
    if finished_at is None or finished_at < begun_at:
        return latest
    return min(finished_at, latest)
