"""Has the run been asked to stop, and how does that reach what waits?"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from etl.errors import EtlError, InterruptedRunError

Result = TypeVar("Result")


class StopAskedError(Exception):
    """A wait or a request was ended because the run is to stop; never leaves this room."""


class _Bell:
    """Rings once; ends the waits that listen to it."""

    def __init__(self) -> None:
        self.rung = False
        self._scopes: dict[asyncio.Timeout, asyncio.AbstractEventLoop] = {}

    def ring(self) -> None:
        self.rung = True
        for scope, loop in list(self._scopes.items()):
            # From a signal handler too, where the loop may be asleep.
            loop.call_soon_threadsafe(self._end, scope)

    def _end(self, scope: asyncio.Timeout) -> None:
        if scope in self._scopes and not scope.expired():
            scope.reschedule(self._scopes[scope].time())

    async def unless_rung(self, waiting: Coroutine[Any, Any, Result]) -> Result:
        if self.rung:
            waiting.close()
            raise StopAskedError
        scope = asyncio.timeout(None)
        self._scopes[scope] = asyncio.get_running_loop()
        try:
            async with scope:
                return await waiting
        except TimeoutError:
            if scope.expired():
                raise StopAskedError from None
            raise
        finally:
            del self._scopes[scope]


class StopSwitch:
    """Asked once: nothing new is sent, what is in flight finishes. Asked twice (``hurry``): requests in flight are given up too.

    Attributes:
        reason: Why, as the first to ask said it.
        error: What the job is to raise once everything is recorded; None where a signal asked.
        signal_number: Of the signal that asked.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self.error: EtlError | None = None
        self.signal_number = int(signal.SIGINT)
        self._soon = _Bell()
        self._now = _Bell()

    @property
    def asked(self) -> bool:
        """Is the run to stop?"""
        return self._soon.rung

    @property
    def urgent(self) -> bool:
        """At once, without waiting for what is in flight?"""
        return self._now.rung

    def ask(self, reason: str, signal_number: int = signal.SIGINT) -> None:
        """Stop; the second time at once. For signals; safe to call from a signal handler or another thread."""
        if self.asked:
            self.hurry()
            return
        self.reason = reason
        self.signal_number = int(signal_number)
        self._soon.ring()

    def trip(self, error: EtlError) -> None:
        """Stop because of ``error``; the first error stays."""
        if self.asked:
            return
        self.error = error
        self.reason = error.message
        self._soon.ring()

    def halt(self, reason: str) -> None:
        """Stop for a fault that is raised elsewhere; never urgent."""
        self.reason = self.reason or reason
        self._soon.ring()

    def verdict(self) -> EtlError:
        """What the job is to raise once everything is recorded: the error that tripped this, or that it was interrupted."""
        return self.error or InterruptedRunError(self.reason or "the run was asked to stop", signal_number=self.signal_number)

    def hurry(self) -> None:
        """Give up what is in flight too."""
        self._soon.ring()
        self._now.ring()

    async def unless_asked(self, waiting: Coroutine[Any, Any, Result]) -> Result:
        """The result of a wait that a stop ends.

        Raises:
            StopAskedError: The run is to stop.
        """
        return await self._soon.unless_rung(waiting)

    async def unless_urgent(self, waiting: Coroutine[Any, Any, Result]) -> Result:
        """The result of a request, which only an urgent stop ends.

        Raises:
            StopAskedError: It was given up; it may have been executed.
        """
        return await self._now.unless_rung(waiting)

    async def wait(self) -> None:
        """Return once the run is asked to stop."""
        try:
            await self.unless_asked(_for_ever())
        except StopAskedError:
            return


async def _for_ever() -> None:
    await asyncio.get_running_loop().create_future()
