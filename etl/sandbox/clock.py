"""What time is it at the server, and how does it wait?"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The server's time; tests hand in one that moves when told."""

    def now(self) -> datetime:
        """The time now, UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long without holding up the event loop."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The wall clock, UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Asyncio's sleep."""
        await asyncio.sleep(seconds)


def iso(moment: datetime) -> str:
    """A moment as the API writes it: UTC, milliseconds, ``Z``."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
