"""The command ``verify``, over a real socket: what it prints, what it leaves, and which code it ends with."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime


def test_an_import_is_verified_and_what_changed_since_is_told(desk, make_row, read_records):
    assert desk.run([make_row(number) for number in range(1, 31)]).code == 0
    done = desk("verify", "desk.yaml", "tasks.csv")
    assert done.code == 0
    assert "verified: 30 rows = 30 tasks\n" in done.stderr
    assert sorted(path.name for path in done.folder.iterdir()) == ["receipt.html", "receipt.json", "report.html", "summary.json"]

    desk.task("Task 3").fields["$status"] = "COMPLETE"
    desk.sandbox.tasks.trash(desk.task("Task 4"), datetime.now(UTC), trashed=True)
    desk.csv([make_row(number) for number in range(1, 5)] + [make_row(5, "Task five")] + [make_row(6, status="Nonsense")])
    told = desk("verify", "desk.yaml", "tasks.csv", "--json", "--quiet")
    assert told.code == 1
    summary = json.loads(told.stdout)
    assert summary == told.summary
    assert {name: rows for name, rows in summary["classes"].items() if rows} == {
        "equal": 2,
        "edited": 1,
        "differs": 1,
        "missing": 1,
        "rejected": 1,
    }
    receipt = json.loads((told.folder / "receipt.json").read_text())
    assert receipt["sentence"] == "6 rows = 4 tasks + 1 missing + 1 rejected"
    assert receipt["tasks_of_other_rows"] == 24
    assert [line["class"] for line in read_records(told.folder / "verify.csv")] == ["edited", "missing", "differs", "rejected"]
    assert told.stderr.count("\n") == 1
    assert desk.writes == 30


def test_without_a_ledger_nothing_can_be_verified(desk, make_row, stopped):
    desk.config()
    desk.csv([make_row(1)])
    message = stopped(desk("verify", "desk.yaml", "tasks.csv"), 2, "ledger")
    assert "there is no ledger at " in message
    assert not (desk.folder / "desk.ledger").exists()


def test_a_key_that_may_not_read_stops_it(desk, make_row, stopped):
    assert desk.run([make_row(1)]).code == 0
    desk.sandbox.workspace.add_key(os.environ["LIGHTFIELD_API_KEY"], scopes=("tasks:create", "members:read"))
    stopped(desk("verify", "desk.yaml", "tasks.csv"), 3, "key_refused")
