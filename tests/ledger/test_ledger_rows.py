"""What does the ledger know of a row after each thing that can happen to it?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from etl.errors import LedgerError
from etl.frames import KEY_DIGEST, SOURCE_KEY
from etl.ledger.intents import UnsettledIntentError
from etl.ledger.keyspec import KeySpec
from etl.ledger.runs import RunRecord
from etl.records import Action, EntryState, OperationKind


@pytest.fixture
def look(rows, make):
    """The entry of one key as a dict, or None."""

    def of(key):
        found = rows.entries(pl.Series([make.digest_of(key)], dtype=pl.Binary)).to_dicts()
        return found[0] if found else None

    return of


@pytest.fixture
def reject(rows, make):
    def of(*keys):
        frame = pl.DataFrame(
            {KEY_DIGEST: [make.digest_of(key) for key in keys], SOURCE_KEY: keys}, schema_overrides={KEY_DIGEST: pl.Binary}
        )
        rows.reject("run-1", frame)

    return of


def test_a_new_import_knows_nothing(rows, make):
    found = rows.entries(pl.Series([make.digest_of("a")], dtype=pl.Binary))
    assert found.is_empty()
    assert found.columns == ["key_digest", "state", "task_id", "fingerprint", "generation", "revision", "has_intent"]
    assert (rows.known_rows(), rows.has_written(), rows.waiting()) == (0, False, {"failed": 0, "uncertain": 0, "in_doubt": 0})


@pytest.mark.parametrize("task_id", ['t"s,k', "two\nlines", "é", "'; --", "007", "null"])
def test_a_task_id_comes_back_as_it_was(rows, make, look, task_id):
    operation = rows.begin("run-1", [make.create("a")], make.noon)[0]
    rows.finish("run-1", [make.outcome(operation, task_id=task_id)])
    assert look("a")["task_id"] == task_id


def test_rows_that_are_known_are_found_among_many_that_are_not(rows, make, monkeypatch):
    monkeypatch.setattr("etl.ledger.bulk._AT_ONCE", 7)
    operations = rows.begin("run-1", [make.create(str(number)) for number in range(10)], make.noon)
    rows.finish("run-1", [make.outcome(operation) for operation in operations])
    digests = [make.digest_of(str(number)) for number in range(30)]
    found = rows.entries(pl.Series([*digests, None, digests[0]], dtype=pl.Binary))
    assert sorted(found["key_digest"].to_list()) == sorted(digests[:10])
    assert dict(zip(found["key_digest"], found["task_id"], strict=True)) == {make.digest_of(str(n)): f"tsk_{n}" for n in range(10)}


def test_a_created_row_is_done(rows, make, look):
    operation = rows.begin("run-1", [make.create("a")], make.noon)[0]
    rows.finish("run-1", [make.outcome(operation, url="https://x/a")])
    assert look("a") == {
        "key_digest": make.digest_of("a"),
        "state": "done",
        "task_id": "tsk_a",
        "fingerprint": operation.fingerprint,
        "generation": 0,
        "revision": 1,
        "has_intent": False,
    }
    assert rows.open_intents() == []
    assert (rows.known_rows(), rows.has_written()) == (1, True)


def test_a_begun_row_is_uncertain_until_its_outcome(rows, make, look):
    rows.begin("run-1", [make.create("a")], make.noon)
    assert look("a")["state"] == EntryState.UNCERTAIN
    assert look("a")["has_intent"]
    assert rows.has_written()
    assert rows.waiting() == {"failed": 0, "uncertain": 0, "in_doubt": 1}


def test_begin_returns_the_operations_with_their_first_sending(rows, make):
    first = rows.begin("run-1", [make.create("a"), make.create("b")], make.noon)
    assert [(each.source_key, each.first_sent_at, each.seen_before) for each in first] == [("a", make.noon, False), ("b", make.noon, False)]
    later = make.noon + timedelta(hours=3)
    again = rows.begin("run-1", [make.create("a"), make.create("c")], later)
    assert [(each.first_sent_at, each.seen_before) for each in again] == [(make.noon, True), (later, False)]


def test_begin_names_what_an_earlier_intent_of_the_key_sent_and_the_row_no_longer_has(rows, make):
    full = make.create("a")
    more = {"fields": {**full.payload["fields"], "$dueAt": "2026-05-01T09:00:00Z"}, "relationships": {"$account": "acc_1"}}
    rows.begin("run-1", [replace(full, payload=more)], make.noon)
    rows.begin("run-1", [full], make.noon)
    (again,) = rows.begin("run-1", [full], make.noon)
    assert again.dropped == ("$account", "$dueAt")


def test_an_open_intent_comes_back_whole(rows, make):
    operation = make.create("ключ ✓", title="Rückruf")
    rows.begin("run-1", [operation], make.noon)
    rows.finish("run-1", [make.outcome(replace(operation, first_sent_at=make.noon), Action.UNCERTAIN, attempts=3, http_status=504)])
    (intent,) = rows.open_intents()
    assert intent.operation == replace(operation, first_sent_at=make.noon, seen_before=True)
    assert (intent.run_id, intent.attempts, intent.http_status, intent.problem.code) == ("run-1", 3, 504, "invalid_type")


def test_a_corrected_row_keeps_what_was_sent_with_its_key_before(rows, make):
    for title in ("Call", "Call Ann", "Call", "Call Bob"):
        rows.begin("run-1", [make.create("a", title=title)], make.noon)
    (intent,) = rows.open_intents()
    assert intent.operation.payload["fields"]["$title"] == "Call Bob"
    assert [payload["fields"]["$title"] for payload in intent.earlier_payloads] == ["Call", "Call Ann"]


def test_attempts_add_up_over_runs(rows, make):
    for attempts in (2, 3):
        operation = rows.begin("run-1", [make.create("a")], make.noon)[0]
        rows.finish("run-1", [make.outcome(operation, Action.UNCERTAIN, attempts=attempts)])
    assert rows.open_intents()[0].attempts == 5


def test_an_uncertain_row_keeps_its_intent_open(rows, make, look):
    operation = rows.begin("run-1", [make.create("a")], make.noon)[0]
    rows.finish("run-1", [make.outcome(operation, Action.UNCERTAIN)])
    assert (look("a")["state"], look("a")["has_intent"]) == ("uncertain", True)
    assert rows.waiting() == {"failed": 0, "uncertain": 1, "in_doubt": 0}


def test_a_failed_row_keeps_its_payload_for_retry(rows, make, look):
    operation = rows.begin("run-1", [make.create("a")], make.noon)[0]
    rows.finish("run-1", [make.outcome(operation, Action.FAILED, http_status=422)])
    assert (look("a")["state"], look("a")["task_id"], look("a")["has_intent"]) == ("failed", None, False)
    assert rows.open_intents() == []
    (intent,) = rows.failed_intents()
    assert (intent.operation.payload, intent.http_status, intent.problem.message) == (operation.payload, 422, "The date is refused.")
    assert rows.waiting() == {"failed": 1, "uncertain": 0, "in_doubt": 0}


def test_a_failed_row_that_is_begun_again_counts_from_now(rows, make):
    """Nothing of it was executed, so the window of its key begins with the new request."""
    rows.finish("run-1", [make.outcome(rows.begin("run-1", [make.create("a")], make.noon)[0], Action.FAILED)])
    later = make.noon + timedelta(days=2)
    again = rows.begin("run-1", [make.create("a")], later)[0]
    assert (again.first_sent_at, again.seen_before) == (later, False)


def test_what_was_not_sent_is_withdrawn(rows, make, look):
    operation = rows.begin("run-1", [make.create("a")], make.noon)[0]
    rows.finish("run-1", [make.outcome(operation, Action.NOT_SENT, attempts=0)])
    assert look("a") is None
    assert rows.open_intents() == []


def test_what_was_not_sent_this_time_stays_open_if_it_was(rows, make):
    rows.begin("run-1", [make.create("a")], make.noon)
    again = rows.begin("run-1", [make.create("a")], make.noon + timedelta(hours=1))[0]
    rows.finish("run-1", [make.outcome(again, Action.NOT_SENT, attempts=0)])
    assert [intent.operation.first_sent_at for intent in rows.open_intents()] == [make.noon]


def test_what_was_not_sent_this_time_is_failed_again_if_it_was(rows, make):
    rows.finish("run-1", [make.outcome(rows.begin("run-1", [make.create("a")], make.noon)[0], Action.FAILED)])
    again = rows.begin("run-1", [make.create("a")], make.noon)[0]
    assert rows.waiting()["failed"] == 0
    rows.finish("run-1", [make.outcome(again, Action.NOT_SENT, attempts=0)])
    assert [intent.problem.code for intent in rows.failed_intents()] == ["invalid_type"]


def test_an_intent_in_doubt_is_not_overwritten_by_another_operation(rows, make):
    rows.begin("run-1", [make.create("a")], make.noon)
    other = replace(make.create("a"), kind=OperationKind.UPDATE, idempotency_key="update-a", task_id="tsk_a")
    with pytest.raises(UnsettledIntentError, match="'a'"):
        rows.begin("run-1", [make.create("b"), other], make.noon)
    assert [intent.operation.idempotency_key for intent in rows.open_intents()] == ["create-a-0"]


def test_the_next_generation_may_replace_an_intent(rows, make):
    """It says that the earlier request was executed, and that its task was found in the trash."""
    rows.begin("run-1", [make.create("a")], make.noon)
    later = make.noon + timedelta(hours=1)
    assert rows.begin("run-1", [make.create("a", generation=1)], later)[0].first_sent_at == later


def test_two_operations_for_a_row_cannot_begin_at_once(rows, make):
    with pytest.raises(UnsettledIntentError):
        rows.begin("run-1", [make.create("a"), make.create("a")], make.noon)


def test_what_is_shown_to_be_absent_begins_anew(rows, make):
    operation = rows.begin("run-1", [make.create("a")], make.noon)[0]
    rows.begin("run-1", [operation], make.noon)
    rows.settle_absent([operation])
    later = make.noon + timedelta(days=2)
    assert rows.begin("run-1", [make.create("a")], later)[0].first_sent_at == later


def test_an_update_raises_the_revision(rows, make, look):
    rows.finish("run-1", [make.outcome(make.create("a"))])
    update = replace(
        make.create("a", title="Call Ann"), kind=OperationKind.UPDATE, idempotency_key="update-a-1", task_id="tsk_a", revision=1
    )
    rows.finish("run-1", [make.outcome(rows.begin("run-1", [update], make.noon)[0], Action.UPDATED)])
    assert (look("a")["revision"], look("a")["task_id"], look("a")["fingerprint"]) == (2, "tsk_a", update.fingerprint)


@pytest.mark.parametrize("action", [Action.FAILED, Action.UNCERTAIN])
def test_an_update_without_a_good_end_leaves_the_row_as_it_was(rows, make, look, action):
    rows.finish("run-1", [make.outcome(make.create("a"))])
    before = look("a")
    update = replace(make.create("a", title="B"), kind=OperationKind.UPDATE, idempotency_key="update-a-1", task_id="tsk_a", revision=1)
    rows.finish("run-1", [make.outcome(rows.begin("run-1", [update], make.noon)[0], action)])
    assert look("a") == before | {"has_intent": action is Action.UNCERTAIN}


def test_the_generation_is_raised_with_the_intent_of_a_trash(rows, make, look):
    rows.finish("run-1", [make.outcome(make.create("a"))])
    trash = replace(make.create("a"), kind=OperationKind.TRASH, idempotency_key="trash-a-0", task_id="tsk_a", revision=1, payload={})
    begun = rows.begin("run-1", [trash], make.noon)[0]
    assert (look("a")["state"], look("a")["generation"], look("a")["revision"]) == ("done", 1, 0)
    rows.begin("run-1", [trash], make.noon)
    assert look("a")["generation"] == 1
    rows.finish("run-1", [make.outcome(begun, Action.TRASHED)])
    after = look("a")
    assert (after["state"], after["generation"], after["revision"], after["task_id"]) == ("trashed", 1, 0, "tsk_a")


def test_an_adoption_needs_no_begin(rows, make, look):
    rows.finish("run-1", [make.outcome(make.create("a"), Action.ADOPTED, task_id="tsk_found")])
    assert (look("a")["state"], look("a")["task_id"]) == ("done", "tsk_found")


def test_rejected_rows_are_known_but_have_no_task(rows, make, look, reject):
    reject("a")
    assert (look("a")["state"], look("a")["task_id"]) == ("rejected", None)
    assert (rows.known_rows(), rows.has_written()) == (0, False)


def test_a_rejection_never_overwrites_a_row_that_has_or_may_have_a_task(rows, make, look, reject):
    rows.finish("run-1", [make.outcome(make.create("done"))])
    rows.begin("run-1", [make.create("open")], make.noon)
    before = look("done"), look("open")
    reject("done", "open")
    assert (look("done"), look("open")) == before


def test_a_failed_row_that_is_rejected_now_is_out_of_retrys_reach(rows, make, look, reject):
    rows.finish("run-1", [make.outcome(rows.begin("run-1", [make.create("a")], make.noon)[0], Action.FAILED)])
    reject("a")
    assert look("a")["state"] == "rejected"
    assert rows.failed_intents() == []


def test_rows_without_a_key_are_no_rejected_rows(rows):
    rows.reject("run-1", pl.DataFrame({KEY_DIGEST: [None], SOURCE_KEY: [None]}, schema={KEY_DIGEST: pl.Binary, SOURCE_KEY: pl.String}))
    assert rows.entries(pl.Series([None], dtype=pl.Binary)).is_empty()


def test_keys_are_known_whatever_became_of_their_rows(rows, make, reject):
    rows.finish("run-1", [make.outcome(make.create("done"))])
    rows.begin("run-1", [make.create("open")], make.noon)
    reject("rejected")
    asked = pl.Series([make.digest_of(key) for key in ("open", "stranger", "done", "rejected", "done")] + [None], dtype=pl.Binary)
    assert rows.knows_keys(asked).to_list() == [True, False, True, True, True, False]


def test_owned_tasks_are_those_of_all_imports_and_generations(ledger_and_rows, make, clock):
    ledger, rows = ledger_and_rows
    rows.finish("run-1", [make.outcome(make.create("a"), task_id="tsk_old")])
    rows.finish("run-1", [make.outcome(make.create("a", generation=1), task_id="tsk_new")])
    other = ledger.open_import(rows.workspace, "other")
    other.lease.acquire()
    other.start_run(RunRecord("run-1", "run", clock.now()))
    other.finish("run-1", [make.outcome(make.create("b"))])
    assert sorted(task for tasks in rows.owned_task_ids() for task in tasks) == ["tsk_b", "tsk_new", "tsk_old"]


def test_a_run_is_remembered_with_its_end(rows, clock):
    rows.start_run(RunRecord("run-2", "retry", clock.now(), {"host": "ops", "data": [{"path": "a.csv"}]}))
    rows.finish_run("run-2", "finished", 1, {"created": 3, "failed": 1}, clock.now() + timedelta(minutes=1))
    newest, older = rows.last_runs()
    assert (newest.run_id, newest.status, newest.exit_code, dict(newest.counts)) == ("run-2", "finished", 1, {"created": 3, "failed": 1})
    assert newest.settings == {"host": "ops", "data": [{"path": "a.csv"}]}
    assert (older.run_id, older.finished_at, older.status) == ("run-1", None, None)


def test_nothing_is_sent_for_a_run_that_was_never_started(rows, make):
    with pytest.raises(LookupError, match="'run-9'"):
        rows.begin("run-9", [make.create("a")], make.noon)


SPEC = KeySpec(("record id",))


def test_the_key_spec_is_remembered(rows):
    assert rows.key_spec is None
    rows.set_key_spec(SPEC)
    assert rows.key_spec == SPEC


def test_another_key_is_refused_while_rows_are_known(rows, make):
    rows.set_key_spec(SPEC)
    rows.begin("run-1", [make.create("a")], make.noon)
    with pytest.raises(LedgerError, match="the column record id; now it would be by the columns id, owner") as caught:
        rows.set_key_spec(KeySpec(("id", "owner")))
    assert "source.key" in caught.value.next_step
    assert rows.key_spec == SPEC
    with pytest.raises(LedgerError):
        rows.check_key_spec(KeySpec(("content",), ("a", "b")))


def test_another_column_set_of_a_content_key_is_told_column_by_column(rows, make):
    rows.set_key_spec(KeySpec(("content",), ("due", "title")))
    rows.finish("run-1", [make.outcome(make.create("a"))])
    with pytest.raises(LedgerError, match="columns gone: due; new: owner, status"):
        rows.set_key_spec(KeySpec(("content",), ("owner", "status", "title")))


def test_another_key_is_fine_while_no_row_has_a_task(rows, make, reject):
    rows.set_key_spec(SPEC)
    reject("a")
    rows.set_key_spec(KeySpec(("id",)))
    assert rows.key_spec == KeySpec(("id",))


def test_fifty_thousand_digests_are_looked_up_at_once(path, clock, make):
    """Of a file; the same of a server stands with what is particular to it."""
    ledger, rows = make.open_running(path, clock)
    keys = [f"key {number}" for number in range(50_000)]
    rows.finish("run-1", [make.outcome(make.create(key)) for key in keys[::10]])
    rows.begin("run-1", [make.create(key) for key in keys[1:2000:10]], make.noon)
    found = rows.entries(pl.Series([make.digest_of(key) for key in keys], dtype=pl.Binary))
    assert found.group_by("state").len().sort("state").rows() == [("done", 5000), ("uncertain", 200)]
    ledger.close()
