"""Does a run whose ledger lies on a PostgreSQL server keep the promise: beside another run, beside forty, and when the server goes away?"""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import psycopg
import pytest

import etl
from etl.clock import SystemClock
from etl.ledger.find import find_ledger
from etl.ledger.lock import LEASE_SECONDS
from etl.records import Action
from etl.sandbox.app import Sandbox
from etl.sandbox.limits import DOCUMENTED_PER_SECOND, Category, Limits
from etl.sandbox.records import Record
from etl.sandbox.server import ServerThread
from etl.sandbox.workspace import Workspace

FAST_RUN = str(Path(__file__).with_name("fast_run.py"))
FAST_RUNS_SPEED = 20
NEAR_THE_LIMIT = 0.8 * DOCUMENTED_PER_SECOND
PASSWORD = "never5hown"
OWNER = "sam@acme.example"
PER_SECOND = 2000.0


class Store:
    """The ledger of a bench on a server."""

    def __init__(self, bench, server):
        self.server = server
        self.schema = server.new_schema()
        self.url = server.url(self.schema, user=f"etl:{PASSWORD}")
        bench.environment["LIGHTFIELD_ETL_LEDGER"] = self.url

    def let_lease_run_out(self):
        """The server's clock cannot be moved: the last renewal is made older."""
        self.server.sql(f"UPDATE {self.schema}.etl_lease SET renewed_at = renewed_at - {round(LEASE_SECONDS * 1e6)}")

    def freeze(self, process):
        """Stop a process, though not in the middle of a transaction: that it would hold the lease's row then is tested elsewhere."""
        while True:
            process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, process.pid, os.WSTOPPED)
            try:
                self.server.sql(f"SELECT 1 FROM {self.schema}.etl_lease FOR UPDATE NOWAIT")
            except psycopg.errors.LockNotAvailable:
                process.send_signal(signal.SIGCONT)
                time.sleep(0.02)
            else:
                return

    def is_open_to(self, application):
        """Whether a process that gives this name has the ledger open."""
        return bool(self.server.sql("SELECT 1 FROM pg_stat_activity WHERE application_name = %s", application))

    def waiting(self):
        """Rows that runs left, by what is known of them."""
        with find_ledger(self.url, clock=SystemClock()) as ledger:
            (rows,) = ledger.imports()
            return rows.waiting()


@pytest.fixture
def store(bench, postgres_server):
    return Store(bench, postgres_server)


class Customers:
    """Organizations behind one address: whose it is, the API key says. An ASGI application."""

    def __init__(self, number):
        self.keys = [f"sk_lf_customer_{each:02d}" for each in range(number)]
        self.sandboxes = [self._made(number, key) for number, key in enumerate(self.keys)]
        self.crashes = []
        self._by_key = dict(zip(self.keys, self.sandboxes, strict=True))

    def _made(self, number, key):
        workspace = Workspace()
        workspace.members.add(
            Record(f"mem_{number}", datetime(2026, 1, 5, tzinfo=UTC), {"$email": OWNER, "$name": None, "$role": "admin"}, {})
        )
        workspace.add_key(key)
        return Sandbox(workspace, limits=Limits(PER_SECOND, PER_SECOND, PER_SECOND), random=Random(number))

    async def __call__(self, scope, receive, send):
        key = dict(scope["headers"]).get(b"authorization", b"").decode().removeprefix("Bearer ")
        await self._by_key[key](scope, receive, send)


def assert_nothing_tells_the_password(bench, *said):
    files = [path for path in bench.folder.rglob("*") if path.is_file()]
    assert files
    told = b"".join(path.read_bytes() for path in files) + " ".join((*said, bench.said.getvalue())).encode()
    assert PASSWORD.encode() not in told
    assert b"search_path" not in told


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_of_two_processes_one_works_whether_the_other_is_turned_away_waits_is_killed_or_paused_past_its_lease(
    bench, store, address, other_key
):
    """Each writes so near to the documented limit that two of them at once would be refused."""
    numbers, ours, theirs = range(150), bench.environment["LIGHTFIELD_API_KEY"], other_key["LIGHTFIELD_API_KEY"]
    bench.rows(numbers)
    bench.sandbox.limits.set_rate(Category.WRITE, DOCUMENTED_PER_SECOND)
    bench.sandbox.set_latency(0.1)
    killed = bench.start("run", "bench.yaml", "tasks.csv", "--rate", "4")
    bench.wait_for(lambda: len(bench.sandbox.tasks) > 5, killed)
    refused = bench.job()
    bench.environment |= other_key | {"LIGHTFIELD_ETL_LEDGER": f"{store.url}&application_name={store.schema}"}
    waiting = bench.start("2000", str(NEAR_THE_LIMIT / FAST_RUNS_SPEED), program=(FAST_RUN,))
    bench.wait_for(lambda: store.is_open_to(store.schema), waiting)
    bench.environment |= {"LIGHTFIELD_API_KEY": ours, "LIGHTFIELD_ETL_LEDGER": store.url}
    assert killed.poll() is None
    killed.kill()
    killed.communicate()
    too_soon = bench.job()
    assert [(each.exit_code, each.reason) for each in (refused, too_soon)] == [(4, "locked")] * 2
    assert f"(pid {killed.pid})" in refused.message
    assert "--wait" in refused.next_command
    assert (waiting.poll(), address.posts[theirs]) == (None, 0)

    store.let_lease_run_out()
    bench.wait_for(lambda: address.posts[theirs] > 20, waiting)
    paused = waiting
    store.freeze(paused)
    frozen_at = time.monotonic()
    assert bench.job().exit_code == 4
    store.let_lease_run_out()
    sent = address.posts.copy()
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(bench.job, rate=NEAR_THE_LIMIT)
        bench.wait_for(lambda: address.posts[ours] > sent[ours])
        # Its own clock, twenty times as fast, must have seen the minute pass too.
        time.sleep(max(0.0, frozen_at + LEASE_SECONDS / FAST_RUNS_SPEED - time.monotonic()))
        assert not working.done()
        paused.send_signal(signal.SIGCONT)
        told = bench.ended(paused)
        other = working.result()
    assert (other.exit_code, paused.returncode) == (0, 3), told
    # Frozen in the middle of a transaction, it finds that the server has ended its session.
    assert "lock" in told or "connection to the ledger" in told
    assert address.posts[theirs] == sent[theirs]
    assert [visit for visit in bench.sandbox.requests if visit.status == 429] == []
    bench.audit(numbers)
    assert_nothing_tells_the_password(bench, told)


def test_check_sees_what_a_ledger_on_a_server_knows_and_makes_none(bench, store):
    bench.rows(range(5))

    def checked():
        return etl.check(bench.folder / "bench.yaml", bench.folder / "tasks.csv", ledger=store.url, environment=bench.environment)

    before = checked()
    assert find_ledger(store.url, clock=SystemClock()) is None
    bench.job()
    assert before.counts[Action.CREATED] == 5
    assert checked().counts[Action.UNCHANGED] == 5


def test_a_server_that_goes_away_in_the_middle_stops_the_run_which_goes_on_when_it_is_back(bench, own_postgres_server):
    numbers = range(150)
    bench.rows(numbers)
    bench.sandbox.set_latency(0.05)
    store = Store(bench, own_postgres_server)
    crashing = threading.Thread(
        target=lambda: (bench.wait_for(lambda: len(bench.sandbox.tasks) > 30), own_postgres_server.crash()), daemon=True
    )
    crashing.start()
    stopped = bench.job(rate=60)
    crashing.join()
    assert (stopped.exit_code, stopped.reason) == (3, "local_failure"), stopped
    assert "the connection to the ledger postgresql://…@127.0.0.1" in stopped.message or "cannot be reached" in stopped.message
    assert stopped.next_command
    down = bench.job()
    assert (down.exit_code, down.reason, down.rows) == (3, "local_failure", 0)
    assert 30 < len(bench.sandbox.tasks) < len(numbers)
    own_postgres_server.start()
    store.let_lease_run_out()
    again = bench.job()
    assert again.exit_code == 0
    bench.audit(numbers)
    assert store.waiting() == {"failed": 0, "uncertain": 0, "in_doubt": 0}
    assert_nothing_tells_the_password(bench, stopped.message, down.message)


@pytest.mark.parametrize("number", [4, pytest.param(40, marks=pytest.mark.slow)])
def test_imports_at_once_each_with_its_own_name_key_and_workspace_share_one_server(bench, store, number):
    """Whole jobs. Forty of them take longer than they show more: forty at the ledger alone are played in the ledger's own tests."""
    customers = Customers(number)
    with ServerThread(customers) as server:

        def imported(customer):
            name = f"customer-{customer}"
            (bench.folder / f"{name}.yaml").write_text((bench.folder / "bench.yaml").read_text().replace('"bench"', f'"{name}"'))
            (bench.folder / f"{name}.csv").write_text("Id,Title,Owner\n" + "".join(f"{row},{name} {row},{OWNER}\n" for row in range(6)))
            environment = {"LIGHTFIELD_BASE_URL": server.url, "LIGHTFIELD_API_KEY": customers.keys[customer]}
            return bench.job(
                environment=environment, config_path=Path(f"{name}.yaml"), data=(f"{name}.csv",), out=Path(f"results-{customer}")
            )

        with ThreadPoolExecutor(number) as pool:
            first = list(pool.map(imported, range(number)))
        again = imported(3)
    assert {(each.exit_code, each.counts[Action.CREATED]) for each in first} == {(0, 6)}
    assert again.counts[Action.UNCHANGED] == 6
    titles = [sorted(task.fields["$title"] for task in sandbox.tasks) for sandbox in customers.sandboxes]
    assert titles == [[f"customer-{customer} {row}" for row in range(6)] for customer in range(number)]
    with find_ledger(store.url, clock=SystemClock()) as ledger:
        imports = ledger.imports()
        assert sorted(rows.name for rows in imports) == sorted(f"customer-{customer}" for customer in range(number))
        assert [rows.known_rows() for rows in imports] == [6] * number
        assert len({rows.workspace.id for rows in imports}) == number
