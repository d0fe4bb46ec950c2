"""How does a job get an event loop, and how do signals reach it?"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from etl.jobs.request import JobRequest, Surroundings
from etl.load.stop import StopSwitch
from etl.report.summary import Summary

Job = Callable[[JobRequest, Surroundings, StopSwitch], Coroutine[Any, Any, Summary]]


def perform_job(job: Job, request: JobRequest, around: Surroundings) -> Summary:
    """Run a job to its end.

    SIGINT, SIGTERM and SIGHUP (its terminal was closed; not under nohup) stop it: the first lets what is in flight finish, the second
    gives that up too, and still records it.
    Raises what the job raises.
    """
    stop = StopSwitch()

    async def whole() -> Summary:
        with _stopped_by_signals(stop):
            return await job(request, around, stop)

    if _loop_is_running():
        # A notebook's cell: it has an event loop already, so the job gets one in a thread of its own.
        with ThreadPoolExecutor(1) as executor:
            return _awaited(executor.submit(asyncio.run, whole()), stop)
    return asyncio.run(whole())


def _awaited(job: Future[Summary], stop: StopSwitch) -> Summary:
    """The job's result; who interrupts the wait stops the job, as a signal does, and still gets its summary."""
    while True:
        try:
            return job.result()
        except KeyboardInterrupt:
            if job.done():
                raise
            stop.ask("it was interrupted")


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@contextmanager
def _stopped_by_signals(stop: StopSwitch) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        # Python delivers signals to the main thread alone: there, the caller of a library function decides about them.
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    if before[signal.SIGHUP] is signal.SIG_IGN:
        # Started with nohup, to outlive its terminal.
        del before[signal.SIGHUP]
    for number in before:
        loop.add_signal_handler(number, stop.ask, f"{number.name} was received", number)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            # The loop leaves the default behind, and a scheduler that called us has handlers of its own.
            if handler is not None:
                signal.signal(number, handler)
