"""What time is it, and how do we wait? Handed in everywhere, so that tests need no real sleep."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol

# CLOCK_BOOTTIME goes on while the machine is suspended; CLOCK_MONOTONIC does not (Linux clock_gettime(2)).
_BOOTTIME = getattr(time, "CLOCK_BOOTTIME", None)


class Clock(Protocol):
    """Time and waiting."""

    def now(self) -> datetime:
        """The wall clock, UTC; may jump."""
        ...

    def elapsed_seconds(self) -> float:
        """Seconds since some fixed moment; never jumps, and goes on while the machine sleeps."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that long without holding up the event loop."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """The wall clock, UTC."""
        return datetime.now(UTC)

    def elapsed_seconds(self) -> float:
        """Seconds since boot, suspension included where the system has such a clock (Linux)."""
        return time.monotonic() if _BOOTTIME is None else time.clock_gettime(_BOOTTIME)

    async def sleep(self, seconds: float) -> None:
        """Asyncio's sleep."""
        await asyncio.sleep(seconds)
