"""What time is it, and how do we wait? Handed in everywhere, so that tests need no real sleep."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime
from typing import Protocol


def never_asleep(platform: str) -> int | None:
    """The clock that goes on while the machine is suspended; None where the system has none.

    On Linux CLOCK_BOOTTIME does and CLOCK_MONOTONIC does not; on macOS, where Python's own monotonic clock stands still, both
    CLOCK_MONOTONIC and CLOCK_MONOTONIC_RAW do (clock_gettime(2) and (3) of the two).
    """
    name = "CLOCK_MONOTONIC_RAW" if platform == "darwin" else "CLOCK_BOOTTIME"
    found: int | None = getattr(time, name, None)
    return found


_NEVER_ASLEEP = never_asleep(sys.platform)


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
        """Seconds since some start, suspension included where the system has such a clock (Linux, macOS)."""
        return time.monotonic() if _NEVER_ASLEEP is None else time.clock_gettime(_NEVER_ASLEEP)

    async def sleep(self, seconds: float) -> None:
        """Asyncio's sleep."""
        await asyncio.sleep(seconds)
