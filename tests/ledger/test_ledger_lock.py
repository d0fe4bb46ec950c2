"""Who may run an import, and for how long?"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from etl.clock import SystemClock
from etl.errors import LockedError
from etl.ledger.holder import Holder, is_dead, this_process
from etl.ledger.lock import HEARTBEAT_SECONDS, LEASE_SECONDS, LockLostError
from etl.ledger.store import open_ledger
from etl.records import Action

HERE = Holder("ann@here (pid 11)", "here", os.getpid(), this_process().process_started)
THERE = Holder("bob@there (pid 12)", "there", 12, "5")

HOLD = """
import sys, time
from etl.clock import SystemClock
from etl.ledger.store import open_ledger
ledger = open_ledger(sys.argv[1], clock=SystemClock())
rows = ledger.open_import(ledger.remember_workspace("https://x", ["mem_1"], label="x"), "tasks")
rows.lease.acquire()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def leases(home, clock, make):
    """Leases on one import, each of a connection of its own."""
    with leases_at(home, clock, make) as of:
        yield of


@pytest.fixture
def leases_on_file(path, clock, make):
    """The same, of a file alone."""
    with leases_at(path, clock, make) as of:
        yield of


@contextmanager
def leases_at(home, clock, make):
    with ExitStack() as ledgers:

        def of(holder, its_clock=clock):
            ledger = ledgers.enter_context(open_ledger(str(home), clock=its_clock, holder=holder))
            return ledger.open_import(ledger.remember_workspace(make.origin, ["mem_1"], label="Acme"), "tasks").lease

        yield of


@pytest.fixture
def holding_process(path):
    """A process of its own that has taken the lease."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def real_lease(path):
    ledger = open_ledger(str(path), clock=SystemClock())
    return ledger, ledger.open_import(ledger.remember_workspace("https://x", ["mem_1"], label="x"), "tasks").lease


def test_the_second_is_told_who_holds_it_and_since_when(leases, clock, home):
    leases(HERE).acquire()
    home.let_pass(clock, 20)
    since = r"2026-05-04 12:00:00" if home.server is None else r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d"
    with pytest.raises(
        LockedError, match=rf"'tasks' holds the lock: ann@here \(pid 11\), since {since} UTC; it expires in (40|3\d) s"
    ) as caught:
        leases(THERE).acquire()
    assert caught.value.exit_code == 4
    assert "--wait" in caught.value.next_step


def test_a_released_lease_is_free(leases):
    first, second = leases(HERE), leases(THERE)
    first.acquire()
    first.release()
    first.release()
    second.acquire()
    assert second.still_ours()
    assert not first.still_ours()
    assert second.taken_from is None


def test_taking_a_lease_twice_is_fine(leases):
    lease = leases(HERE)
    lease.acquire()
    lease.acquire()
    assert lease.still_ours()
    assert lease.taken_from is None


def test_a_heartbeat_keeps_a_lease_for_ever(leases, clock, home):
    first, second = leases(HERE), leases(THERE)
    first.acquire()
    for _ in range(20):
        home.let_pass(clock, HEARTBEAT_SECONDS)
        first.renew()
        with pytest.raises(LockedError):
            second.acquire()
    assert first.still_ours()


def test_a_lease_that_is_not_renewed_is_taken_over_after_a_minute(leases, clock, home):
    first, second = leases(HERE), leases(THERE)
    first.acquire()
    home.let_pass(clock, LEASE_SECONDS - 10)
    with pytest.raises(LockedError):
        second.acquire()
    home.let_pass(clock, 10)
    second.acquire()
    assert second.taken_from == HERE.text


def test_the_holder_stops_sending_before_others_may_take_over(leases, clock):
    lease = leases(HERE)
    lease.acquire()
    clock.move(LEASE_SECONDS - HEARTBEAT_SECONDS - 1)
    assert lease.still_ours()
    clock.move(1)
    assert not lease.still_ours()


def test_a_paused_holder_goes_on_when_nobody_has_taken_over(leases, clock, home):
    lease = leases(HERE)
    lease.acquire()
    home.let_pass(clock, 3600)
    lease.renew()
    assert lease.still_ours()


def test_a_holder_that_lost_its_lease_can_change_nothing_more(home, clock, make, leases):
    ledger, rows = make.open_running(home, clock, holder=HERE)
    begun = rows.begin("run-1", [make.create("a")], make.noon)
    home.let_pass(clock, LEASE_SECONDS)
    leases(THERE).acquire()
    attempts = (
        lambda: rows.begin("run-1", [make.create("b")], make.noon),
        lambda: rows.finish("run-1", [make.outcome(begun[0])]),
        rows.lease.renew,
    )
    for attempt in attempts:
        with pytest.raises(LockLostError) as caught:
            attempt()
        assert caught.value.exit_code == 3
    assert [intent.operation.source_key for intent in rows.open_intents()] == ["a"]
    rows.finish_run("run-1", "stopped", 3, {}, clock.now())
    rows.lease.release()
    ledger.close()


def test_nothing_changes_without_a_lease(home, clock, make):
    ledger, rows = make.open_running(home, clock)
    rows.lease.release()
    with pytest.raises(LockLostError):
        rows.finish("run-1", [make.outcome(make.create("a"), Action.ADOPTED)])
    ledger.close()


def test_waiting_takes_the_lease_as_soon_as_it_is_free(leases, clock):
    first, second = leases(HERE), leases(THERE)
    first.acquire()
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        clock.move(seconds)
        if len(slept) == 5:
            first.release()

    second.acquire(wait_seconds=600, sleep=sleep)
    assert len(slept) == 5


def test_waiting_ends(leases, clock):
    leases(HERE).acquire()
    before = clock.elapsed
    heartbeat = leases(THERE)
    with pytest.raises(LockedError):
        heartbeat.acquire(wait_seconds=2.5, sleep=clock.move)
    assert clock.elapsed - before == 2.5


def test_a_wall_clock_that_jumps_ahead_frees_nothing(leases, clock):
    """Of a file on one machine; of a server's ledger on any."""
    first, second = leases(HERE), leases(replace(HERE, text="ann@here (pid 13)"))
    first.acquire()
    clock.wall += timedelta(hours=5)
    with pytest.raises(LockedError):
        second.acquire()


def test_a_wall_clock_behind_the_holders_locks_for_a_minute_of_watching_at_most(leases_on_file, clock, make):
    """Without the watching, a lease renewed 'in an hour' would hold for an hour after its holder's death."""
    ahead = make.clock()
    ahead.wall += timedelta(hours=1)
    leases_on_file(THERE, ahead).acquire()
    mine = leases_on_file(HERE)
    mine.acquire(wait_seconds=LEASE_SECONDS + 2, sleep=clock.move)
    assert mine.taken_from == THERE.text


def test_of_a_pid_that_was_given_to_another_process_the_start_time_tells():
    me = this_process()
    assert not is_dead(me, me)
    assert is_dead(replace(me, process_started="1"), me)
    assert not is_dead(replace(me, process_started="1", machine="elsewhere"), me)


def test_a_living_process_holds_its_lease(path, holding_process):
    ledger, lease = real_lease(path)
    with pytest.raises(LockedError, match=f"pid {holding_process.pid}"):
        lease.acquire()
    ledger.close()


def test_the_lease_of_a_killed_process_is_free_at_once(path, holding_process):
    ledger, lease = real_lease(path)
    holding_process.send_signal(signal.SIGKILL)
    holding_process.wait()
    lease.acquire()
    assert f"pid {holding_process.pid}" in lease.taken_from
    ledger.close()


def test_a_stopped_process_holds_its_lease_until_it_runs_out(path, holding_process):
    """It is alive, so only the time can tell."""
    holding_process.send_signal(signal.SIGSTOP)
    ledger, lease = real_lease(path)
    with pytest.raises(LockedError):
        lease.acquire()
    ledger.close()
    holding_process.send_signal(signal.SIGCONT)
