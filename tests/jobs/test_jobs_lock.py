"""Is the lock of an import held for as long as its run lasts, and the ledger where it was?"""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from etl.errors import LocalFailureError, LockedError
from etl.jobs.journal import keep_lease
from etl.jobs.threads import LedgerThread
from etl.ledger.holder import Holder
from etl.ledger.lock import HEARTBEAT_SECONDS, LEASE_SECONDS, LockLostError
from etl.ledger.store import open_ledger
from etl.load.stop import StopSwitch
from etl.records import Action
from tests.jobs.conftest import JumpingClock

TITLES = [f"Task {number}" for number in range(40)]
SOMEBODY_ELSE = Holder("bob@there (pid 12)", "there", 12, "5")


class WatchedClock(JumpingClock):
    """Who sleeps wakes when the clock says so, however it came there."""

    async def sleep(self, seconds):
        until = self.elapsed_seconds() + seconds
        while self.elapsed_seconds() < until:  # noqa: ASYNC110  a clock that jumps tells nobody
            await asyncio.sleep(0.005)


def on_list(transport, happens):
    """``happens`` is awaited before each list of tasks is answered."""
    answer = transport.handle_async_request

    async def handle(request):
        if request.method == "GET" and request.url.path == "/v1/tasks":
            await happens()
        return await answer(request)

    transport.handle_async_request = handle


def taken_by_somebody_else(bench):
    with open_ledger(str(bench.ledger), clock=bench.clock, holder=SOMEBODY_ELSE) as ledger:
        workspace = ledger.find_workspace(bench.environment["LIGHTFIELD_BASE_URL"], list(bench.members.values()))
        ledger.open_import(workspace, "jobs").lease.acquire()


def test_a_look_ahead_that_lasts_longer_than_the_lease_keeps_the_lock(bench):
    bench.clock = WatchedClock()
    bench.rows(TITLES)
    bench.seed("Lunch")
    refused = []

    async def long_wait():
        if refused:
            return
        for _ in range(int(2 * LEASE_SECONDS / HEARTBEAT_SECONDS)):
            bench.clock.jump(seconds=HEARTBEAT_SECONDS)
            # For the ledger's thread, which is a real one.
            await asyncio.sleep(0.1)
        with pytest.raises(LockedError):
            taken_by_somebody_else(bench)
        refused.append(bench.clock.elapsed_seconds())

    on_list(bench.transport, long_wait)
    summary = bench.job()
    assert refused
    assert (summary.exit_code, bench.counts(summary)) == (0, {"created": 40})


@pytest.mark.parametrize("and_then", [lambda path: None, lambda path: path.write_bytes(b"")], ids=["removed", "replaced"])
def test_a_ledger_that_is_taken_away_during_a_run_stops_it_before_more_is_sent(bench, and_then):
    bench.rows(TITLES)

    async def taken_away():
        bench.ledger.unlink()
        and_then(bench.ledger)

    on_list(bench.transport, taken_away)
    summary = bench.job()
    assert (summary.exit_code, summary.reason) == (LocalFailureError.exit_code, LocalFailureError.reason)
    assert "removed, moved or replaced" in summary.message
    assert "reconcile" in summary.next_command
    assert bench.counts(summary).get(Action.CREATED.value, 0) == len(bench.sandbox.tasks) == 0


@pytest.mark.parametrize(("fault", "renewals"), [(LocalFailureError("the server restarts"), 6), (LockLostError("taken"), 1)])
def test_the_heartbeat_outlives_a_ledger_that_is_away_for_a_moment_but_no_lost_lock(fault, renewals):
    """The lock is surely ours for fifty seconds after its last renewal."""
    stop, seen = StopSwitch(), []

    class Clock:
        async def sleep(self, seconds):
            await asyncio.sleep(0)

    class Lease:
        def renew(self):
            seen.append(len(seen))
            raise fault

        def still_ours(self):
            return len(seen) < 6

    async def main():
        with LedgerThread() as thread:
            await keep_lease(thread, SimpleNamespace(lease=Lease()), Clock(), stop)

    asyncio.run(main())
    assert (len(seen), stop.verdict()) == (renewals, fault)
