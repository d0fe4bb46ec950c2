"""What if Lightfield answers with the task of an earlier request? Seen through the ledger, run after run."""

from __future__ import annotations

import polars as pl
import pytest

from etl.clock import SystemClock
from etl.ledger.runs import RunRecord
from etl.records import Action, Operation, OperationKind, Outcome
from etl.sandbox.faults import Faults
from etl.transform.identity import row_key_digest

LOSES_ANSWERS = Faults(lost_after_commit=1, only_writes=1)


def lose_answers(bench, numbers: range, **rows) -> None:
    """Their tasks are there, and the ledger does not know."""
    bench.rows(numbers, **rows)
    bench.config(limits={"attempts": 1})
    bench.sandbox.set_faults(LOSES_ANSWERS)
    assert bench.job().counts[Action.UNCERTAIN] == len(numbers)
    bench.sandbox.set_faults(Faults.none())


def test_a_row_that_was_corrected_after_a_lost_answer_is_no_second_task(bench):
    """The payload is no part of a create's key."""
    lose_answers(bench, range(3), title="Tsak")
    bench.rows(range(3))
    summary = bench.job()
    assert (len(bench.sandbox.tasks), summary.counts[Action.CREATED]) == (3, 0)
    assert summary.counts[Action.CHANGED] + summary.counts[Action.UPDATED] == 3
    assert bench.job().exit_code == 0
    assert len(bench.sandbox.tasks) == 3


def test_two_imports_with_one_name_never_take_each_others_tasks(bench, server_clock):
    """Two ledgers, one name, the same keys: the second import's requests are answered with the first one's tasks."""
    bench.rows(range(2), title="Theirs")
    bench.job(ledger="theirs.ledger")
    server_clock.seconds += 60
    bench.rows(range(2))
    summary = bench.job()
    assert (summary.exit_code, summary.counts[Action.UNCERTAIN]) == (1, 2)
    assert {line["error_code"] for line in bench.results(summary)} == {"replayed_older"}
    assert bench.tasks() == {"Theirs 0": 1, "Theirs 1": 1}


def test_the_third_such_row_stops_the_run_and_names_both_causes(bench, server_clock):
    bench.rows(range(30), title="Theirs")
    bench.job(ledger="theirs.ledger")
    server_clock.seconds += 60
    bench.rows(range(30))
    summary = bench.job(concurrency=1)
    assert (summary.exit_code, summary.status) == (3, "stopped")
    assert "the ledger of this import was lost" in summary.message
    assert "two imports share one name" in summary.message
    assert "reconcile" in summary.next_command
    assert set(bench.tasks()) == {f"Theirs {number}" for number in range(30)}


def test_two_inputs_of_one_import_with_keys_of_their_own_are_both_imported(bench):
    for numbers in (range(3), range(3, 6)):
        bench.rows(numbers)
        assert bench.job().exit_code == 0
    bench.audit(range(6))


@pytest.fixture
def trash(bench):
    """Takes tasks back as ``undo`` will: the intent is durable, the request is made, and (if it is told) its outcome recorded."""

    def take_back(*, is_recorded: bool) -> None:
        with bench.opened() as rows:
            rows.lease.acquire()
            rows.start_run(RunRecord("undo-1", "undo", SystemClock().now()))
            for record, operation in trashes(bench, rows):
                (begun,) = rows.begin("undo-1", [operation], SystemClock().now())
                bench.sandbox.tasks.trash(record, SystemClock().now(), trashed=True)
                if is_recorded:
                    rows.finish("undo-1", [Outcome(begun, Action.TRASHED, 1, SystemClock().now(), task_id=record.id)])
            rows.lease.release()

    return take_back


def trashes(bench, rows):
    owned = {task_id for ids in rows.owned_task_ids() for task_id in ids}
    for record in list(bench.sandbox.tasks):
        number = record.fields["$title"].removeprefix("Task ")
        assert record.id in owned
        digest, fingerprint = row_key_digest(number), bytes(16)
        yield record, Operation(OperationKind.TRASH, number, digest, fingerprint, {}, f"trash-{number}-0", task_id=record.id)


@pytest.mark.parametrize("is_recorded", [True, False], ids=["recorded", "crashed before its outcome"])
def test_a_row_whose_task_was_taken_back_becomes_a_new_task(bench, trash, is_recorded):
    """With the key of its first generation, Lightfield would answer with the task that is in the trash."""
    bench.rows(range(3))
    first = {line["idempotency_key"] for line in bench.results(bench.job())}
    trash(is_recorded=is_recorded)
    again = bench.job()
    lines = bench.results(again)
    assert (again.exit_code, {line["action"] for line in lines}) == (0, {"created"})
    assert not first & {line["idempotency_key"] for line in lines}
    assert sorted(task.trashed for task in bench.sandbox.tasks) == [False] * 3 + [True] * 3
    assert bench.job().counts[Action.UNCHANGED] == 3


def test_a_revision_counts_acknowledged_writes_so_that_a_value_can_come_back(bench):
    """A to B to A within 24 hours: the third write must not be answered by the first one's response."""
    bench.rows(range(1))
    bench.job()
    revisions = []
    with bench.opened() as rows:
        rows.lease.acquire()
        rows.start_run(RunRecord("sync-1", "run", SystemClock().now()))
        for title in ("B", "A"):
            entry = rows.entries(pl.Series([row_key_digest("0")], dtype=pl.Binary)).row(0, named=True)
            revisions.append((entry["generation"], entry["revision"]))
            update = Operation(
                OperationKind.UPDATE,
                "0",
                entry["key_digest"],
                title.encode() * 16,
                {"fields": {"$title": title}},
                f"update-{title}-{entry['revision']}",
                revision=entry["revision"],
                task_id=entry["task_id"],
            )
            (begun,) = rows.begin("sync-1", [update], SystemClock().now())
            rows.finish("sync-1", [Outcome(begun, Action.UPDATED, 1, SystemClock().now(), task_id=entry["task_id"])])
        rows.lease.release()
    assert revisions == [(0, 1), (0, 2)]
