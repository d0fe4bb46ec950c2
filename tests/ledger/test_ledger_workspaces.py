"""Is it the workspace that it was, and do two of them ever meet?"""

from __future__ import annotations

import polars as pl
import pytest

from etl.ledger.runs import RunRecord
from etl.ledger.store import open_ledger


@pytest.fixture
def ledger(home, clock):
    with open_ledger(str(home), clock=clock) as opened:
        yield opened


def test_a_workspace_is_known_by_any_member_that_it_shares(ledger, make):
    made = ledger.remember_workspace(make.origin, ["mem_1", "mem_2"], label="Acme")
    assert ledger.find_workspace(make.origin, ["mem_9", "mem_2"]) == made
    assert ledger.find_workspace(make.origin, ["mem_9"]) is None
    assert ledger.find_workspace(make.origin, []) is None


def test_the_same_members_at_another_origin_are_another_workspace(ledger, make):
    ledger.remember_workspace(make.origin, ["mem_1"], label="Acme")
    assert ledger.find_workspace("http://127.0.0.1:8000", ["mem_1"]) is None


def test_a_workspace_is_refreshed_not_made_twice(ledger, make):
    made = ledger.remember_workspace(make.origin, ["mem_1"], label="Acme")
    again = ledger.remember_workspace(make.origin, ["mem_1", "mem_2"], label="Acme Inc")
    assert (again.id, again.label) == (made.id, "Acme Inc")
    assert ledger.find_workspace(make.origin, ["mem_2"]).id == made.id


def test_a_workspace_that_is_known_otherwise_keeps_its_identity_without_members(ledger, make):
    made = ledger.remember_workspace(make.origin, [], label="Acme")
    assert ledger.remember_workspace(make.origin, ["mem_7"], label="Acme", workspace=made).id == made.id
    assert ledger.find_workspace(make.origin, ["mem_7"]).id == made.id


def test_of_two_workspaces_the_one_that_shares_most_members_is_found(ledger, make):
    ledger.remember_workspace(make.origin, ["consultant", "a1"], label="A")
    second = ledger.remember_workspace(make.origin, ["b1", "b2"], label="B")
    assert ledger.find_workspace(make.origin, ["consultant", "b1", "b2"]) == second


def test_imports_of_one_name_in_two_workspaces_never_meet(ledger, make, clock):
    found = []
    for member in ("mem_1", "mem_2"):
        rows = ledger.open_import(ledger.remember_workspace(make.origin, [member], label=member), "tasks")
        rows.lease.acquire()
        rows.start_run(RunRecord("run-1", "run", clock.now()))
        found.append(rows)
    first, second = found
    first.finish("run-1", [make.outcome(make.create("a"))])
    first.begin("run-1", [make.create("b")], make.noon)
    asked = pl.Series([make.digest_of("a"), make.digest_of("b")], dtype=pl.Binary)
    assert second.entries(asked).is_empty()
    assert second.knows_keys(asked).to_list() == [False, False]
    assert (second.known_rows(), second.has_written(), second.open_intents(), list(second.owned_task_ids())) == (0, False, [], [])
    assert [workspace.label for workspace in ledger.workspaces_with_rows(make.origin, "tasks")] == ["mem_1"]


def test_an_import_is_the_same_when_it_is_opened_again(home, make, clock):
    ledger, rows = make.open_running(home, clock)
    rows.finish("run-1", [make.outcome(make.create("a"))])
    rows.lease.release()
    ledger.close()
    ledger, rows = make.open_running(home, clock)
    assert rows.known_rows() == 1
    ledger.close()


def test_rows_that_may_have_a_task_are_rows(ledger, make, clock):
    workspace = ledger.remember_workspace(make.origin, ["mem_1"], label="Acme")
    rows = ledger.open_import(workspace, "tasks")
    assert ledger.workspaces_with_rows(make.origin, "tasks") == []
    rows.lease.acquire()
    rows.start_run(RunRecord("run-1", "run", clock.now()))
    rows.begin("run-1", [make.create("a")], make.noon)
    assert ledger.workspaces_with_rows(make.origin, "tasks") == [workspace]
    assert ledger.workspaces_with_rows(make.origin, "other") == []


def test_an_api_key_is_known_again_by_a_digest_alone(ledger, make, home):
    secret = "sk_lf_" + "Zq7" * 12
    workspace = ledger.remember_workspace(make.origin, ["mem_secret_1"], label="Acme")
    ledger.remember_api_key(workspace, secret)
    ledger.remember_api_key(workspace, secret)
    assert ledger.known_api_key(make.origin, secret) == [workspace]
    assert ledger.known_api_key(make.origin, secret + "x") == []
    assert ledger.known_api_key("http://127.0.0.1:8000", secret) == []
    kept = home.everything()
    assert b"Acme" in kept
    assert b"Zq7" not in kept
    assert b"mem_secret" not in kept


def test_two_ledgers_digest_the_same_key_differently(tmp_path, clock, make):
    """Or a digest found in one would tell that another customer uses the same key."""
    digests = []
    for name in ("a.ledger", "b.ledger"):
        with open_ledger(str(tmp_path / name), clock=clock) as ledger:
            digests.append(ledger._workspaces._digest("sk_lf_1", 6))
    assert digests[0] != digests[1]
