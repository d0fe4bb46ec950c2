"""What is left when a process dies or the disk is full, wherever that happens?"""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pytest

from etl.clock import SystemClock
from etl.errors import LedgerError, LocalFailureError
from etl.ledger.lock import LEASE_SECONDS
from etl.ledger.store import open_ledger

# Says a step only when it is done, so that the parent knows a lower bound of what must be there.
WRITER = """
import sys
from datetime import UTC, datetime
from etl.clock import SystemClock
from etl.ledger.runs import RunRecord
from etl.ledger.store import open_ledger
from etl.records import Action, Operation, OperationKind, Outcome
ledger = open_ledger(sys.argv[1], clock=SystemClock())
rows = ledger.open_import(ledger.remember_workspace("https://x", ["mem_1"], label="x"), "tasks")
rows.lease.acquire()
now = datetime.now(UTC)
rows.start_run(RunRecord(sys.argv[2], "run", now))
for number in range(100_000):
    keys = [f"{number:06d}-{part}" for part in range(25)]
    begun = rows.begin(sys.argv[2], [
        Operation(OperationKind.CREATE, key, key.encode().ljust(16, b"."), b"f" * 16, {"fields": {"$title": key}}, f"k-{key}")
        for key in keys
    ], now)
    print("begun", number, flush=True)
    if len(sys.argv) > 3:
        sys.stdin.readline()
    rows.finish(sys.argv[2], [Outcome(each, Action.CREATED, 1, now, task_id=f"tsk_{each.source_key}") for each in begun])
    print("finished", number, flush=True)
"""


def start_writer(path, run_id, *more):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), run_id, *more], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )


def reopened(path):
    ledger = open_ledger(str(path), clock=SystemClock(), create=False)
    return ledger, ledger.open_import(ledger.remember_workspace("https://x", ["mem_1"], label="x"), "tasks")


def test_a_process_killed_between_begin_and_finish_leaves_its_intents(home):
    writer = start_writer(home, "run-1", "step by step")
    assert writer.stdout.readline() == "begun 0\n"
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    ledger, rows = reopened(home)
    intents = rows.open_intents()
    assert len(intents) == 25
    assert all(intent.operation.seen_before and intent.finished_at is None for intent in intents)
    assert {intent.operation.payload["fields"]["$title"] for intent in intents} == {f"000000-{part}" for part in range(25)}
    assert rows.waiting()["in_doubt"] == 25
    ledger.close()


@pytest.mark.parametrize(("home", "steps"), [("sqlite", 3), ("sqlite", 30), ("postgres", 30)], indirect=["home"])
def test_what_a_killed_process_said_is_there_and_every_row_is_whole(home, clock, steps):
    writer = start_writer(home, "run-1")
    said = [writer.stdout.readline().split() for _ in range(steps)]
    writer.send_signal(signal.SIGKILL)
    rest = writer.communicate()[0].splitlines()
    said += [line.split() for line in rest if len(line.split()) == 2]
    finished = {int(number) for word, number in said if word == "finished"}
    begun = {int(number) for word, number in said if word == "begun"}

    ledger, rows = reopened(home)
    intents = {intent.operation.source_key for intent in rows.open_intents()}
    done = rows.known_rows()
    assert done >= 25 * len(finished)
    assert done % 25 == 0
    assert len(intents) in {0, 25}
    assert done + len(intents) >= 25 * len(begun)
    home.let_pass(clock, LEASE_SECONDS)
    rows.lease.acquire()
    ledger.close()


def test_the_file_and_its_wal_copied_at_any_moment_are_a_ledger(path, tmp_path):
    """As a power cut would leave them, the WAL's last frame torn."""
    writer = start_writer(path, "run-1")
    for _ in range(30):
        writer.stdout.readline()
    copies = []
    for number in range(6):
        copy = tmp_path / f"copy-{number}"
        copy.mkdir()
        writer.send_signal(signal.SIGSTOP)
        shutil.copy(path, copy / path.name)
        wal = (path.parent / f"{path.name}-wal").read_bytes()
        (copy / f"{path.name}-wal").write_bytes(wal[: len(wal) - 1000 * (number % 3)])
        writer.send_signal(signal.SIGCONT)
        copies.append(copy / path.name)
        writer.stdout.readline()
    writer.kill()
    writer.communicate()
    for copy in copies:
        ledger, rows = reopened(copy)
        # Thirty steps were said before the first copy: at least fourteen groups of 25 were finished, and a torn frame takes the last one.
        assert rows.known_rows() >= 13 * 25
        assert rows.known_rows() % 25 == 0
        assert len(rows.open_intents()) in {0, 25}
        ledger.close()


def test_a_disk_that_fills_up_stops_the_run_with_what_to_do_and_loses_nothing(path):
    limit = 400_000
    program = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n" + WRITER
    program = program.replace("for number in range(100_000):", "def step(number):") + (
        "\nfrom etl.errors import EtlError\n"
        "try:\n    for number in range(100_000): step(number)\n"
        "except EtlError as error:\n    print('stopped', type(error).__name__, error.exit_code, error.message, '|', error.next_step)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path), "run-1"], capture_output=True, text=True, timeout=60, check=False)
    lines = done.stdout.splitlines()
    assert lines[-1].startswith("stopped LocalFailureError 3 the ledger"), done
    assert "make room on the disk" in lines[-1]
    finished = sum(line.startswith("finished") for line in lines)
    begun = sum(line.startswith("begun") for line in lines)
    ledger, rows = reopened(path)
    assert rows.known_rows() == 25 * finished
    assert len(rows.open_intents()) == 25 * (begun - finished)
    rows.lease.acquire()
    ledger.close()


@pytest.mark.parametrize("pages", range(1, 32, 6))
def test_a_disk_that_is_full_from_the_start_writes_nothing(path, clock, pages):
    """Each step of making a ledger, stopped by the size of the file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (pages * 4096, before[1]))
    try:
        with pytest.raises(LedgerError, match="cannot be written"):
            open_ledger(str(path), clock=clock)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    with open_ledger(str(path), clock=clock) as ledger:
        assert ledger.created


def test_begin_and_finish_on_a_full_database_change_nothing(path, clock, make):
    ledger, rows = make.open_running(path, clock)
    begun = rows.begin("run-1", [make.create(f"a{number}") for number in range(50)], make.noon)
    with rows._database.reading() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    more = [make.create(f"b{number}", title="x" * 900 + str(number)) for number in range(500)]
    with pytest.raises(LocalFailureError, match="disk is full") as caught:
        rows.begin("run-1", more, make.noon)
    assert "make room" in caught.value.next_step
    with pytest.raises(LocalFailureError):
        rows.finish("run-1", [make.outcome(operation, url="https://x/" + "y" * 4000) for operation in begun])
    assert len(rows.open_intents()) == 50
    assert rows.known_rows() == 0
    with rows._database.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    rows.finish("run-1", [make.outcome(operation) for operation in begun])
    assert rows.known_rows() == 50
    ledger.close()


def test_an_error_of_the_database_shows_no_row_content(path, clock, make):
    ledger, rows = make.open_running(path, clock)
    with rows._database.reading() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
    with pytest.raises(LocalFailureError) as caught:
        rows.begin("run-1", [make.create(f"key-{number}", title="Fire Mr Smith" + "x" * 900) for number in range(200)], make.noon)
    assert "key-1" not in f"{caught.value}{caught.value.__cause__}"
    assert "Smith" not in f"{caught.value}{caught.value.__cause__}"
    ledger.close()


def test_a_second_process_waits_for_a_commit_of_the_first(path, clock, make):
    ledger, rows = make.open_running(path, clock)
    other, _ = reopened_as(path, clock, make)
    with ThreadPoolExecutor(1) as pool:
        with rows._database.writing():
            waiting = pool.submit(other.remember_workspace, make.origin, ["mem_2"], label="Other")
            time.sleep(0.2)
            assert not waiting.done()
        assert waiting.result(timeout=10).label == "Other"
    other.close()
    ledger.close()


def reopened_as(path, clock, make):
    ledger = open_ledger(str(path), clock=clock)
    return ledger, ledger.find_workspace(make.origin, ["mem_1"])


def test_a_reader_is_not_held_up_by_a_run(home, clock, make):
    ledger, rows = make.open_running(home, clock)
    other, workspace = reopened_as(home, clock, make)
    with rows._database.writing():
        asked = pl.Series([make.digest_of("a")], dtype=pl.Binary)
        assert other.open_import(workspace, "tasks").entries(asked).is_empty()
    other.close()
    ledger.close()
