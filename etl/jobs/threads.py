"""How does blocking work stay off the event loop?"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

Given = ParamSpec("Given")
Item = TypeVar("Item")
Result = TypeVar("Result")

_END = object()


class LedgerThread:
    """One thread in which every call to the ledger is made: SQLite's connections belong to a thread, and calls keep their order."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")

    async def call(self, function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
        """Run ``function`` there and wait for its result."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: function(*args, **kwargs))

    def wait_for(self, function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
        """The same for a caller in another worker thread, which waits meanwhile."""
        return self._executor.submit(function, *args, **kwargs).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._executor.shutdown()


async def in_thread(items: Iterator[Result]) -> AsyncIterator[Result]:
    """The items, each computed in a worker thread while the event loop goes on."""
    while True:
        item = await asyncio.to_thread(next, items, _END)
        if item is _END:
            return
        yield item  # type: ignore[misc]  # the sentinel was turned away above


def mapped_ahead(function: Callable[[Item], Result], items: Iterator[Item], *, ahead: int = 2) -> Iterator[Result]:
    """``map`` in the order of the items, with so many computed at once in threads of their own.

    It pays where most of the work is done outside the interpreter's lock, as polars does it.
    """
    with ThreadPoolExecutor(max_workers=ahead, thread_name_prefix="prepare") as executor:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(executor.submit(function, item))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
