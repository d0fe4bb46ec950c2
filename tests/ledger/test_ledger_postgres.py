"""What is particular to a ledger on a PostgreSQL server, on a real one?"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

import polars as pl
import psycopg
import pytest
from sqlalchemy import MetaData, create_engine
from sqlalchemy.pool import NullPool

from etl.clock import SystemClock
from etl.errors import LedgerError, LocalFailureError, LockedError
from etl.frames import SOURCE_KEY
from etl.ledger import server_errors
from etl.ledger.find import find_ledger
from etl.ledger.holder import Holder
from etl.ledger.keyspec import KeySpec
from etl.ledger.lock import LEASE_SECONDS, LockLostError
from etl.ledger.migrations import MIGRATIONS, NEWEST, Migration, migrate
from etl.ledger.postgres import open_postgres
from etl.ledger.runs import RunRecord
from etl.ledger.schema import METADATA
from etl.ledger.store import open_ledger
from etl.records import Action, Problem

HERE = Holder("ann@here (pid 11)", "here", os.getpid(), None)
THERE = Holder("bob@there (pid 12)", "there", 12, "5")
PASSWORD = "hunter2:@/?%"


@pytest.fixture
def home(postgres_server, make, emptied):
    """Only here: of the two, the one on the server."""
    return make.home(server=postgres_server, schema=emptied())


@pytest.fixture
def new_home(postgres_server, make):
    """Where no ledger was made yet."""
    return make.home(server=postgres_server)


@pytest.fixture
def url(home):
    return str(home)


@pytest.fixture
def new_url(new_home):
    return str(new_home)


def rows_of(ledger, make, name="tasks"):
    return ledger.open_import(ledger.remember_workspace(make.origin, ["mem_1"], label="Acme"), name)


def end_sessions(home):
    """As when the server is restarted: each of our sessions ends, whatever it is doing."""
    query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
    home.server.sql(query, home.schema)


def in_one_transaction(rows, happens):
    """Between two statements of a transaction, something happens."""
    with rows._changing() as work:
        work.connection.exec_driver_sql("UPDATE etl_import SET key_spec = '{}'")
        happens()
        work.connection.exec_driver_sql("SELECT 1")


@pytest.fixture
def named_url(home):
    """Its sessions are known by the name of the schema."""
    return home.server.url(home.schema, application_name=home.schema)


# --- making and finding


def test_the_first_opening_makes_the_tables_and_says_so(new_url, clock):
    with open_ledger(new_url, clock=clock) as first:
        assert first.created
    with open_ledger(new_url.replace("postgresql://", "postgresql+psycopg://"), clock=clock) as second:
        assert not second.created


def test_who_only_looks_makes_nothing(new_url, clock, new_home):
    assert find_ledger(new_url, clock=clock) is None
    with pytest.raises(LedgerError, match="there is no ledger at postgresql://…@127"):
        open_ledger(new_url, clock=clock, create=False)
    assert new_home.everything() == b""
    open_ledger(new_url, clock=clock).close()
    with find_ledger(new_url, clock=clock) as found:
        assert found.imports() == []


def test_of_those_who_open_a_new_ledger_at_once_one_makes_it(new_url, clock):
    start = threading.Barrier(6)

    def opened(_):
        start.wait()
        with open_ledger(new_url, clock=clock) as ledger:
            return ledger.created

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(opened, range(6))) == [False] * 5 + [True]


def test_of_those_who_meet_a_workspace_and_an_import_at_once_all_mean_the_same(url, clock, make):
    open_ledger(url, clock=clock).close()
    start = threading.Barrier(6)

    def met(number):
        with open_ledger(url, clock=clock) as ledger:
            start.wait()
            workspace = ledger.remember_workspace(make.origin, ["mem_1", f"mem_{number}"], label="Acme")
            return workspace.id, ledger.open_import(workspace, "tasks")._id

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(met, range(6)))) == 1


def test_the_tables_of_the_queries_are_those_of_the_migrations(url):
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)
    found = MetaData()
    found.reflect(engine)
    engine.dispose()

    def columns(metadata):
        return {
            table.name: [
                (column.name, column.nullable, column.primary_key, column.type.compile(engine.dialect)) for column in table.columns
            ]
            for table in metadata.sorted_tables
        }

    expected = {
        table: [(name, nullable, key, {"FLOAT": "DOUBLE PRECISION"}.get(kind, kind)) for name, nullable, key, kind in described]
        for table, described in columns(METADATA).items()
    }
    assert columns(found) == expected


def test_a_migration_that_fails_leaves_nothing_and_can_be_tried_again(new_url, clock):
    open_ledger(new_url, clock=clock).close()
    number = NEWEST + 1
    half = Migration(number, "half", ("CREATE TABLE etl_new (x INTEGER)", "CREATE TABLE etl_new (x INTEGER)"))
    whole = Migration(number, "whole", ("CREATE TABLE etl_new (x INTEGER)",))
    database = open_postgres(new_url, "there")
    with pytest.raises(Exception, match="already exists"):
        migrate(database, clock.now(), (*MIGRATIONS, half))
    assert migrate(database, clock.now(), (*MIGRATIONS, whole)) is False
    database.close()


def test_a_newer_versions_ledger_is_refused_with_what_to_do(new_url, clock, new_home):
    open_ledger(new_url, clock=clock).close()
    new_home.server.sql(f"INSERT INTO {new_home.schema}.etl_migration VALUES ({NEWEST + 1}, 'of the future', 0)")
    with pytest.raises(LedgerError, match=f"its schema is {NEWEST + 1}, this version knows {NEWEST}"):
        open_ledger(new_url, clock=clock)


def test_it_lives_beside_the_tables_of_others(new_url, clock, new_home):
    new_home.server.sql(f"CREATE TABLE {new_home.schema}.bookmarks (url TEXT)")
    with open_ledger(new_url, clock=clock) as ledger:
        assert ledger.created


# --- what is refused, and what is said


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://ops:hunter2@127.0.0.1:1/etl?sslpassword=hunter2", "postgresql://…@127.0.0.1:1/etl cannot be reached"),
        ("postgresql+psycopg://ops:hunter2@127.0.0.1:70000/etl", "invalid port number"),
        ("postgres://ops:hunter2@[db/etl", "does not know, or is no URL"),
        ("postgresql://ops:hun/ter2@db/etl", "not clear where the password ends"),
        ("postgresql://ops:hun?ter2@db/etl", "not clear where the password ends"),
        ("postgresql://ops:hunter2@x@db/etl", "not clear where the password ends"),
        ("postgresql://ops:hunter2%@db/etl", "two hexadecimal digits"),
        ("postgresql://db/etl?passwort=hunter2", "does not know, or is no URL"),
        ("postgresql:///etl?host=/nowhere&password=hunter2", "cannot be reached"),
        ("postgresq://ops:hunter2@db/etl", "no kind of ledger"),
    ],
)
def test_what_cannot_be_a_ledger_is_refused_without_showing_a_password(clock, url, told):
    with pytest.raises((LedgerError, LocalFailureError), match=told) as caught:
        open_ledger(url, clock=clock)
    chain = f"{caught.value} {caught.value.next_step} {caught.value.__cause__} {caught.value.__cause__!r}"
    assert "hunter2" not in chain
    assert "ter2" not in chain


def test_a_server_that_does_not_answer_is_for_later_and_one_that_refuses_us_for_a_person(clock, home):
    with pytest.raises(LocalFailureError) as later:
        open_ledger("postgresql://etl@127.0.0.1:1/etl", clock=clock)
    assert later.value.exit_code == 3
    wrong = home.server.url(home.schema, user="keyed:wrong%20hunter2")
    with pytest.raises(LedgerError, match="password authentication failed") as person:
        open_ledger(wrong, clock=clock)
    assert person.value.exit_code == 2
    assert "hunter2" not in f"{person.value}{person.value.__cause__}"


def test_any_password_can_be_given_and_is_shown_nowhere(clock, new_home):
    new_home.server.sql(f"GRANT ALL ON SCHEMA {new_home.schema} TO keyed")
    url = new_home.server.url(new_home.schema, user=f"keyed:{quote(PASSWORD, safe='')}")
    with open_ledger(url, clock=clock) as ledger:
        assert ledger.created
        shown = f"{ledger.location} {ledger._database._engine!r} {ledger._database._engine.url!r}"
    assert "hunter" not in shown
    assert "keyed" not in shown


def test_a_user_without_rights_is_told_which_it_needs(clock, new_home):
    url = new_home.server.url(new_home.schema, user=f"keyed:{quote(PASSWORD, safe='')}")
    with pytest.raises(LedgerError, match=r"may not do what a ledger needs|no schema") as caught:
        open_ledger(url, clock=clock)
    assert "GRANT USAGE, CREATE ON SCHEMA" in caught.value.next_step


def test_a_server_that_only_reads_is_named(clock, new_url):
    with pytest.raises(LedgerError, match="only reads") as caught:
        open_ledger(new_url + "%20-cdefault_transaction_read_only%3Don", clock=clock)
    assert "target_session_attrs" in caught.value.next_step


def test_a_database_that_cannot_hold_every_character_is_refused(clock, new_home):
    new_home.server.sql(f"CREATE DATABASE {new_home.schema} ENCODING 'LATIN1' TEMPLATE template0")
    with pytest.raises(LedgerError, match="LATIN1") as caught:
        open_ledger(f"postgresql://etl@127.0.0.1:{new_home.server.port}/{new_home.schema}", clock=clock)
    assert "ENCODING 'UTF8'" in caught.value.next_step


def test_tls_is_what_the_url_says(clock, home):
    certificate = quote(str(home.server.folder / "data" / "server.crt"), safe="")
    url = home.server.url(home.schema, sslmode="verify-full", sslrootcert=certificate)
    with pytest.raises(LedgerError, match=r"certificate .* does not match host name"):
        open_ledger(url, clock=clock)
    with (
        open_ledger(url.replace("@127.0.0.1", "@localhost") + "&hostaddr=127.0.0.1", clock=clock) as ledger,
        ledger._database.reading() as connection,
    ):
        assert connection.exec_driver_sql("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").scalar() is True
    with pytest.raises(LedgerError, match="certificate"):
        open_ledger(home.server.url(home.schema, sslmode="verify-ca"), clock=clock)


def test_without_its_library_it_is_said_what_to_install(url, tmp_path):
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from etl.clock import SystemClock\nfrom etl.errors import LedgerError\nfrom etl.ledger.store import open_ledger\n"
        "try: open_ledger('postgresql://ops:hunter2@db/etl', clock=SystemClock())\n"
        "except LedgerError as error: print(error.message, error.next_step)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "pip install 'lightfield-etl[postgres]'" in said
    assert "hunter2" not in said


# --- what it holds


def test_text_with_every_character_comes_back_as_it_was(rows, make):
    """PostgreSQL's own text holds no NUL."""
    for key in ("a\0b", "a\x010b", "\x01", "\0\x01\x010", "ключ ✓ \U0001f600"):
        (begun,) = rows.begin("run-1", [replace(make.create(key), idempotency_key="k")], make.noon)
        rows.finish("run-1", [make.outcome(begun, Action.UNCERTAIN, problem=Problem("odd", None, "said \0 and \ud83d"))])
        intent = next(each for each in rows.open_intents() if each.operation.source_key == key)
        assert intent.problem.message == "said \0 and ?"
        rows.finish("run-1", [make.outcome(intent.operation, task_id="tsk_1")])
    assert {key for frame in rows.live_rows() for key in frame[SOURCE_KEY]} >= {"a\0b", "\x01"}


def test_a_column_name_with_any_character_is_remembered(rows):
    spec = KeySpec(("a\0b", "ü\x01"))
    rows.set_key_spec(spec)
    assert rows.key_spec == spec


def test_twenty_five_thousand_digests_are_looked_up_within_a_second_or_two(clock, make, new_home):
    ledger, rows = make.open_running(new_home, clock)
    insert = (
        f"INSERT INTO {new_home.schema}.etl_entry"
        f" SELECT {rows._id}, decode(md5(number::text), 'hex'), number, 'done', 'tsk_' || number, NULL, 0, 1, 1"
        " FROM generate_series(1, 100000) AS number"
    )
    new_home.server.sql(insert)
    (asked,) = zip(*new_home.server.sql("SELECT decode(md5(number::text), 'hex') FROM generate_series(1, 25000) AS number"), strict=True)
    started = time.process_time(), time.monotonic()
    found = rows.entries(pl.Series(asked, dtype=pl.Binary))
    ours, all_in_all = time.process_time() - started[0], time.monotonic() - started[1]
    assert found.height == 25_000
    assert ours < 1
    assert all_in_all < 10
    ledger.close()


def test_a_commit_is_durable_whatever_the_servers_default(home, clock):
    for default, expected in (("off", "on"), ("remote_apply", "remote_apply")):
        with (
            open_ledger(str(home) + f"%20-csynchronous_commit%3D{default}", clock=clock) as ledger,
            ledger._database.writing() as connection,
        ):
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == expected


def test_readers_see_one_state_and_can_write_nothing(rows, make):
    with rows._database.reading() as connection:
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == "repeatable read"
        with pytest.raises(Exception, match="read-only transaction"):
            connection.exec_driver_sql("DELETE FROM etl_entry")


# --- the lock


def test_a_host_whose_clocks_are_hours_off_gets_nothing_and_keeps_nothing(home, clock, make):
    """Only the server's clock counts."""
    ahead = make.clock()
    ahead.wall += timedelta(hours=5)
    ahead.elapsed += 5 * 3600
    ledgers = [open_ledger(str(home), clock=each, holder=holder) for each, holder in ((clock, HERE), (ahead, THERE))]
    first, second = (rows_of(ledger, make).lease for ledger in ledgers)
    first.acquire()
    ahead.move(10 * LEASE_SECONDS)
    with pytest.raises(LockedError):
        second.acquire()
    home.let_pass(clock, LEASE_SECONDS)
    second.acquire()
    with pytest.raises(LockLostError):
        first.renew()
    for ledger in ledgers:
        ledger.close()


def test_a_dead_process_is_only_told_by_the_time(home, clock, make):
    """Machines that were restored from one image look like one machine, and do not see each other's processes."""
    gone = Holder("ann@here (pid 9)", HERE.machine, 2**30, None)
    with open_ledger(str(home), clock=clock, holder=gone) as first, open_ledger(str(home), clock=clock, holder=HERE) as second:
        rows_of(first, make).lease.acquire()
        with pytest.raises(LockedError):
            rows_of(second, make).lease.acquire()


def test_a_servers_clock_that_was_set_back_locks_for_a_minute_of_watching_at_most(home, clock, make):
    with open_ledger(str(home), clock=clock, holder=THERE) as first, open_ledger(str(home), clock=clock, holder=HERE) as second:
        rows_of(first, make).lease.acquire()
        home.server.sql(f"UPDATE {home.schema}.etl_lease SET renewed_at = renewed_at + 3600000000")
        lease = rows_of(second, make).lease
        with pytest.raises(LockedError):
            lease.acquire(wait_seconds=LEASE_SECONDS - 5, sleep=clock.move)
        lease.acquire(wait_seconds=10, sleep=clock.move)
        assert lease.taken_from == THERE.text


def test_of_those_who_take_a_new_imports_lock_at_once_one_gets_it(url, make):
    start = threading.Barrier(6)
    with open_ledger(url, clock=SystemClock()) as ledger:
        rows_of(ledger, make)

    def taken(number):
        with open_ledger(url, clock=SystemClock(), holder=Holder(f"holder {number}", "m", number, None)) as ledger:
            lease = rows_of(ledger, make).lease
            start.wait()
            try:
                lease.acquire()
                lease.renew()
            except LockedError:
                return False
            return True

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(taken, range(6))) == [False] * 5 + [True]


def test_a_worker_that_is_paused_in_the_middle_of_a_commit_either_commits_before_the_other_begins_or_not_at_all(home, clock, make):
    ledger, rows = make.open_running(home, clock, holder=HERE)
    begun = rows.begin("run-1", [make.create("a")], make.noon)
    home.let_pass(clock, LEASE_SECONDS)
    with ThreadPoolExecutor(1) as pool, open_ledger(str(home), clock=clock, holder=THERE) as other:
        theirs = rows_of(other, make)
        with rows._changing() as work:
            taking = pool.submit(theirs.lease.acquire)
            time.sleep(0.2)
            assert not taking.done()
            work.connection.exec_driver_sql("UPDATE etl_intent SET attempts = 7")
        taking.result(timeout=10)
        assert [intent.attempts for intent in theirs.open_intents()] == [7]
        with pytest.raises(LockLostError):
            rows.finish("run-1", [make.outcome(begun[0])])
    ledger.close()


def test_the_server_ends_a_transaction_whose_process_is_paused(home, clock, make, monkeypatch):
    """Or it would hold the row of its lease for as long as it is paused."""
    monkeypatch.setattr("etl.ledger.postgres._SETTINGS", "SET LOCAL idle_in_transaction_session_timeout = '100ms'")
    ledger, rows = make.open_running(home, clock)
    with pytest.raises(LocalFailureError, match="then ended") as caught:
        in_one_transaction(rows, lambda: time.sleep(0.4))
    assert "run the same command again" in caught.value.next_step
    ledger.close()


# --- the server goes away


def test_sessions_that_end_between_two_transactions_are_no_trouble(named_url, home, clock, make):
    ledger, rows = make.open_running(named_url, clock)
    end_sessions(home)
    rows.begin("run-1", [make.create("a")], make.noon)
    end_sessions(home)
    assert rows.waiting()["in_doubt"] == 1
    ledger.close()


def test_a_session_that_ends_in_a_transaction_stops_the_run_and_leaves_nothing_of_it(named_url, home, clock, make):
    ledger, rows = make.open_running(named_url, clock)
    with pytest.raises(LocalFailureError, match="broke") as caught:
        in_one_transaction(rows, lambda: end_sessions(home))
    assert caught.value.exit_code == 3
    assert "run the same command again" in caught.value.next_step
    assert rows.key_spec is None
    ledger.close()


def test_an_error_of_the_database_shows_no_row_content(new_home, clock, make):
    ledger, rows = make.open_running(new_home, clock)
    new_home.server.sql(f"DROP TABLE {new_home.schema}.etl_intent")
    with pytest.raises(LocalFailureError, match="etl_intent") as caught:
        rows.begin("run-1", [make.create("key-1", title="Fire Mr Smith")], make.noon)
    assert "key-1" not in f"{caught.value}{caught.value.__cause__}"
    assert "Smith" not in f"{caught.value}{caught.value.__cause__}"
    ledger.close()


def test_what_was_not_foreseen_is_not_called_the_servers_trouble():
    assert server_errors.meaning("x", "23505", "duplicate key", lost=False, opened=True) is None


def test_forty_imports_at_once_write_and_read_what_is_theirs(url, make):
    open_ledger(url, clock=SystemClock()).close()

    def imported(number):
        with open_ledger(url, clock=SystemClock()) as ledger:
            rows = ledger.open_import(ledger.remember_workspace(make.origin, [f"mem_{number}"], label=str(number)), "tasks")
            rows.lease.acquire()
            rows.start_run(RunRecord("run-1", "run", make.noon))
            begun = rows.begin("run-1", [make.create(str(row)) for row in range(10)], make.noon)
            rows.finish("run-1", [make.outcome(each, task_id=f"tsk_{number}_{each.source_key}") for each in begun])
            owned = [task for tasks in rows.owned_task_ids() for task in tasks]
            rows.lease.release()
            return rows.known_rows(), len(owned), all(task.startswith(f"tsk_{number}_") for task in owned)

    with ThreadPoolExecutor(40) as pool:
        assert set(pool.map(imported, range(40))) == {(10, 10, True)}
