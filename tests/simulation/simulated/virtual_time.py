"""What time is it, when nothing ever really waits?

One event loop for all that lives in a schedule: server, network, people and one process of ours after the other. Whatever stands in a
timer happens at its moment; between two moments no time passes. Every callback belongs to whoever scheduled it, so that a process can be
frozen (SIGSTOP, a laptop's lid) while the server goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context, ContextVar, copy_context
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
"""Of every schedule, at the server."""

OWNER: ContextVar[object] = ContextVar("OWNER", default=None)
"""Who runs: the process whose task or timer it is; None for the world outside."""


class DeadlockError(Exception):
    """Nothing is ready and nothing ever will be."""


class VirtualLoop(asyncio.base_events.BaseEventLoop):
    """Jumps to the next timer when nothing is ready; has no sockets, no signals and no threads.

    Attributes:
        odd: What asyncio reported by itself: errors that nobody fetched.
    """

    def __init__(self) -> None:
        super().__init__()
        self._moment = 0.0
        self._selector = self
        self.frozen: dict[object, list[_Call]] = {}
        self.odd: list[str] = []
        self.set_exception_handler(lambda _, context: self.odd.append(f"{context.get('message')}: {context.get('exception')!r}"))

    def time(self) -> float:
        return self._moment

    def select(self, timeout: float | None) -> list[Any]:
        """In a selector's place."""
        if timeout is None:
            raise DeadlockError
        if timeout > 0:
            self._moment = max(self._moment, self._scheduled[0].when())
        return []

    def _process_events(self, event_list: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> asyncio.Handle:
        context = context if context is not None else copy_context()
        owner = context.get(OWNER)
        if owner is None:
            return super().call_soon(callback, *args, context=context)
        call = _Call(self, owner, callback, args, context)
        call.handle = super().call_soon(call, context=context)
        return call.handle

    call_soon_threadsafe = call_soon

    def call_at(self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> asyncio.TimerHandle:
        context = context if context is not None else copy_context()
        owner = context.get(OWNER)
        if owner is None:
            return super().call_at(when, callback, *args, context=context)
        call = _Call(self, owner, callback, args, context)
        call.handle = super().call_at(when, call, context=context)
        return call.handle

    def freeze(self, owner: object) -> None:
        """Nothing of that owner runs from now on."""
        self.frozen.setdefault(owner, [])

    def thaw(self, owner: object) -> None:
        """What was due meanwhile runs now, in its order."""
        for call in self.frozen.pop(owner, []):
            super().call_soon(call.late, context=call.context)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Work for a thread: the process that asks has workers without threads."""
        return OWNER.get().worker(executor).later(func, *args)  # type: ignore[attr-defined]


class _Call:
    """A callback that waits while its owner is frozen."""

    __slots__ = ("_args", "_callback", "_loop", "_owner", "context", "handle")

    def __init__(self, loop: VirtualLoop, owner: object, callback: Callable[..., Any], args: tuple[Any, ...], context: Context) -> None:
        self._loop = loop
        self._owner = owner
        self._callback = callback
        self._args = args
        self.context = context
        self.handle: Any = None

    def __call__(self) -> None:
        waiting = self._loop.frozen.get(self._owner)
        if waiting is None:
            self._callback(*self._args)
        else:
            waiting.append(self)

    def late(self) -> None:
        """After the thaw: what ran before it may have cancelled this."""
        if not self.handle.cancelled():
            self()


class ServerTime:
    """The clock of the sandbox."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.time())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class MachineTime:
    """The clocks of a machine of ours.

    Attributes:
        wrong_by: How far its wall clock is off, and may jump.
    """

    def __init__(self, loop: VirtualLoop, booted_before: float, wrong_by: timedelta) -> None:
        self._loop = loop
        self._booted_before = booted_before
        self.wrong_by = wrong_by

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.time()) + self.wrong_by

    def elapsed_seconds(self) -> float:
        return self._booted_before + self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
