"""Is a ledger that cannot be used told apart from one that knows nothing?"""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from etl.ledger.migrations import NEWEST


@pytest.mark.parametrize("command", ["run", "retry"])
def test_a_ledger_from_a_newer_version_ends_the_job_before_anything_is_sent(bench, command):
    bench.rows(range(3))
    bench.job()
    with closing(sqlite3.connect(bench.ledger)) as connection, connection:
        connection.execute("INSERT INTO etl_migration VALUES (?, 'of the future', 0)", (NEWEST + 1,))
    bench.rows(range(5))
    refused = bench.job(command)
    assert (refused.exit_code, refused.reason) == (2, "ledger")
    assert "newer version" in refused.message
    assert "upgrade lightfield-etl" in refused.next_command
    bench.audit(range(3))


@pytest.mark.parametrize("command", ["run", "retry"])
def test_a_damaged_ledger_ends_the_job_before_anything_is_sent_and_is_left_as_it_is(bench, command):
    bench.rows(range(60))
    bench.job()
    whole = bench.ledger.read_bytes()
    damaged = whole[:16_000] + bytes(64_000) + whole[80_000:]
    bench.ledger.write_bytes(damaged)
    bench.rows(range(70))
    refused = bench.job(command)
    assert (refused.exit_code, refused.reason) == (2, "ledger")
    assert "is damaged" in refused.message
    assert "reconcile" in refused.next_command
    assert bench.ledger.read_bytes() == damaged
    bench.audit(range(60))


def test_something_else_than_a_ledger_is_left_as_it_is(bench):
    bench.rows(range(3))
    bench.ledger.write_text("Record ID,Task Title\n" * 50)
    refused = bench.job()
    assert (refused.exit_code, refused.reason) == (2, "ledger")
    assert bench.ledger.read_text() == "Record ID,Task Title\n" * 50
    bench.audit()
