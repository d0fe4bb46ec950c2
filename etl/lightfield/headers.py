"""What do an answer's headers say about limits, waiting and the server's time?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

from etl.clock import Clock
from etl.lightfield.answer import RateReading

LARGEST_COUNT = 1_000_000
"""A limit beyond this is taken for nonsense."""
LONGEST_WAIT_SECONDS = 30 * 86400.0
_MOST_DIGITS = 12
_DATE_STEP = timedelta(seconds=1)
_OUT_OF_ORDER = timedelta(seconds=2)


def read_rate(headers: Mapping[str, str]) -> RateReading:
    """``X-RateLimit-Limit`` and ``-Remaining``; each None where absent, no whole number, negative, nonsense, or at odds with the other."""
    limit = _count(headers.get("x-ratelimit-limit"))
    if limit == 0:
        limit = None
    remaining = _count(headers.get("x-ratelimit-remaining"))
    if limit is not None and remaining is not None and remaining > limit:
        remaining = None
    return RateReading(limit, remaining)


def read_retry_after(headers: Mapping[str, str], server_time: datetime | None) -> float | None:
    """``Retry-After`` in seconds from now, given as seconds or as an HTTP date; None where absent or odd."""
    text = headers.get("retry-after", "").strip()
    seconds = _decimal(text)
    if seconds is None:
        when = _http_date(text)
        if when is None or server_time is None:
            return None
        seconds = max(0.0, (when - server_time).total_seconds())
    return seconds if seconds <= LONGEST_WAIT_SECONDS else None


def read_date(headers: Mapping[str, str]) -> datetime | None:
    """The ``Date`` header, UTC; None where absent or odd."""
    return _http_date(headers.get("date", "").strip())


class ServerClock:
    """The server's time: the last ``Date`` plus the time since, suspension included; our own clock until there was an answer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._date: datetime | None = None
        self._seen_at = 0.0

    def observe(self, server_time: datetime | None, latency_seconds: float = 0.0) -> None:
        """Take in the ``Date`` of an answer; None is ignored.

        A Date is cut to whole seconds, may come out of order, and was written at any moment of the latency: an answer that came while
        the machine slept is a day old when it is read. So one no further behind what we believe is no news.

        Args:
            server_time: The ``Date``.
            latency_seconds: From sending the request to the last byte of the answer, suspension included.
        """
        if server_time is None:
            return
        behind = self.now() - server_time if self._date else None
        if behind is not None and timedelta(0) <= behind <= _DATE_STEP + _OUT_OF_ORDER + timedelta(seconds=latency_seconds):
            return
        self._date = server_time
        self._seen_at = self._clock.elapsed_seconds()

    def now(self) -> datetime:
        """UTC, right to about a second."""
        if self._date is None:
            return self._clock.now()
        return self._date + timedelta(seconds=self._clock.elapsed_seconds() - self._seen_at)


def _count(text: str | None) -> int | None:
    text = (text or "").strip()
    if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS:
        return None
    number = int(text)
    return number if number <= LARGEST_COUNT else None


def _decimal(text: str) -> float | None:
    whole, _, fraction = text.partition(".")
    digits = whole + fraction
    if not (digits.isascii() and digits.isdigit()) or not whole or len(digits) > _MOST_DIGITS:
        return None
    return float(f"{whole}.{fraction or 0}")


# Answers come many to a second, and a Date is cut to whole ones.
@lru_cache(maxsize=16)
def _http_date(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
