"""A create may be answered with an older task: is that seen, and what is made of it?"""

from __future__ import annotations

import json
from datetime import timedelta

import httpx
import pytest

from etl.records import Action


def serving(created, retrieved=None, updated=None):
    """A server with one answer for each call; the calls stand in ``seen``, what was sent in ``bodies``."""
    seen, bodies = [], []

    async def serve(request):
        call = "retrieve" if request.method == "GET" else "create" if request.url.path == "/v1/tasks" else "update"
        seen.append((call, request.headers.get("Idempotency-Key")))
        bodies.append(json.loads(request.content or b"{}"))
        return {"create": created, "retrieve": retrieved, "update": updated}[call]

    serve.seen, serve.bodies = seen, bodies
    return serve


@pytest.fixture
def hours_ago(clock):
    return clock.now() - timedelta(hours=2)


def test_what_lightfield_writes_otherwise_in_a_new_task_is_reported_and_no_doubt(rig, virtually, make_operation, task_answer):
    server = serving(task_answer(**{"$title": "TASK 0"}))
    outcome = virtually(rig(server).send(make_operation()))
    assert (outcome.action, outcome.observed) == (Action.CREATED, {"$title": "TASK 0"})


def test_an_older_task_with_the_rows_content_is_adopted(rig, virtually, make_operation, task_answer, hours_ago):
    server = serving(task_answer(created_at=hours_ago), retrieved=task_answer(created_at=hours_ago))
    outcome = virtually(rig(server).send(make_operation()))
    assert (outcome.action, outcome.task_id) == (Action.ADOPTED, "task_1")


def test_a_few_seconds_prove_nothing(rig, virtually, make_operation, task_answer, clock):
    server = serving(task_answer(created_at=clock.now() - timedelta(seconds=4)))
    assert virtually(rig(server).send(make_operation())).action is Action.CREATED


@pytest.mark.parametrize(
    ("seconds", "field", "action"),
    [
        (0.2, "$title", Action.CREATED),
        (0.5, "$title", Action.UNCERTAIN),
        (0.5, "$description", Action.CREATED),
        (2, "$description", Action.UNCERTAIN),
    ],
)
def test_a_task_that_says_something_else_is_new_only_if_no_clock_says_otherwise(
    rig, make_operation, task_answer, clock, seconds, field, action
):
    """Two imports under one name, one after the other: the second is answered with tasks that are seconds old."""
    other = task_answer(created_at=clock.now() - timedelta(seconds=seconds), **{field: "of another import"})
    server = serving(other, retrieved=other)
    fields = {"$title": "Task 0", "$status": "TODO", "$description": "of this one"}
    assert rig(server).sent(make_operation(payload={"fields": fields, "relationships": {}})).action is action


def test_the_present_state_counts_not_the_stored_answer(rig, virtually, make_operation, task_answer, hours_ago):
    stored = task_answer(created_at=hours_ago, **{"$title": "as it was first"})
    server = serving(stored, retrieved=task_answer(created_at=hours_ago))
    assert virtually(rig(server).send(make_operation())).action is Action.ADOPTED


@pytest.mark.parametrize("gone", [httpx.Response(404), None])
def test_an_older_task_in_the_trash_or_with_other_content_is_uncertain(rig, make_operation, task_answer, hours_ago, gone):
    other = task_answer(created_at=hours_ago, **{"$title": "of another import"})
    server = serving(task_answer(created_at=hours_ago), retrieved=gone or other)
    outcome = rig(server).sent(make_operation())
    assert (outcome.action, outcome.problem.code) == (Action.UNCERTAIN, "replayed_older")
    assert "https://crm.example/task_1" in outcome.problem.message
    assert [call for call, _ in server.seen] == ["create", "retrieve"]


def test_when_this_ledger_knows_the_key_one_correction_is_sent(rig, virtually, make_operation, task_answer, hours_ago):
    stale = task_answer(created_at=hours_ago, **{"$title": "before the row was corrected"})
    server = serving(stale, retrieved=stale, updated=task_answer(created_at=hours_ago))
    outcome = virtually(rig(server).send(make_operation(first_sent_at=hours_ago, seen_before=True)))
    assert (outcome.action, outcome.task_id) == (Action.UPDATED, "task_1")
    assert [call for call, _ in server.seen] == ["create", "retrieve", "update", "retrieve"]
    assert outcome.observed == {"$title": "before the row was corrected"}
    assert server.seen[2][1].startswith("key-0-fix-")


def test_a_state_that_cannot_be_read_is_uncertain_but_no_older_task(rig, virtually, make_operation, task_answer, hours_ago):
    server = serving(task_answer(created_at=hours_ago), retrieved=httpx.Response(403, json={}))
    outcome = virtually(rig(server).send(make_operation()))
    assert (outcome.action, outcome.problem.code) == (Action.UNCERTAIN, "unsettled")


def test_what_the_corrected_row_no_longer_has_is_cleared(rig, virtually, make_operation, task_answer, hours_ago):
    stale = task_answer(created_at=hours_ago, **{"$dueAt": "2026-05-01T09:00:00.000Z", "$description": "of the first payload"})
    server = serving(stale, retrieved=stale, updated=task_answer(created_at=hours_ago))
    sent = make_operation(first_sent_at=hours_ago, seen_before=True, dropped=("$account", "$dueAt"))
    assert virtually(rig(server).send(sent)).action is Action.UPDATED
    correction = server.bodies[2]
    assert correction["fields"]["$dueAt"] is None
    assert correction["relationships"]["$account"] == {"replace": None}
    # Nobody sent a description: whoever wrote it, it stays.
    assert "$description" not in correction["fields"]
