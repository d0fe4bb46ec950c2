"""An Idempotency-Key makes a write happen once, for 24 hours, per operation type."""

from __future__ import annotations

import asyncio

import pytest

from etl.sandbox.app import Sandbox
from etl.sandbox.faults import Faults


def create(caller, task, key="row-1"):
    return caller("POST", "/v1/tasks", task, idempotency_key=key)


def test_the_same_key_gets_the_first_answer_and_makes_nothing(call, sandbox, task):
    first = create(call, task)
    task["fields"]["$title"] = "Another text"
    again = create(call, task)
    assert again.status == 200
    assert again.body == first.body
    assert len(sandbox.tasks) == 1
    assert [visit.executed for visit in sandbox.requests] == [True, False]


def test_a_replay_is_the_answer_of_then_not_the_state_of_now(call, sandbox, task):
    first = create(call, task)
    call("POST", f"/v1/tasks/{first.body['id']}", {"fields": {"$status": "COMPLETE"}})
    call("DELETE", f"/v1/tasks/{first.body['id']}")
    assert create(call, task).body == first.body


def test_after_24_hours_the_same_key_makes_a_second_task(call, sandbox, clock, task):
    create(call, task)
    clock.advance(hours=23, minutes=59, seconds=59)
    create(call, task)
    assert len(sandbox.tasks) == 1
    clock.advance(seconds=1)
    create(call, task)
    assert len(sandbox.tasks) == 2


def test_a_replay_does_not_lengthen_the_24_hours(call, sandbox, clock, task):
    create(call, task)
    clock.advance(hours=23)
    create(call, task)
    clock.advance(hours=1)
    create(call, task)
    assert len(sandbox.tasks) == 2


def test_while_the_first_request_runs_the_key_is_a_conflict(caller, workspace, clock, task):
    sandbox = Sandbox(workspace, clock=clock, latency_seconds=1.0)

    async def scene():
        first = asyncio.create_task(create(caller(sandbox), task))
        await settled()
        second = asyncio.create_task(create(caller(sandbox), task))
        await settled()
        clock.advance(seconds=0.5)
        await settled()
        assert len(sandbox.tasks) == 1, "committed, though not answered yet"
        third = asyncio.create_task(create(caller(sandbox), task))
        await settled()
        clock.advance(seconds=0.5)
        await settled()
        clock.advance(seconds=1)
        return await asyncio.gather(first, second, third)

    answers = asyncio.run(scene())
    assert [answer.status for answer in answers] == [200, 409, 409]
    assert answers[1].error["type"] == "idempotency_conflict"
    assert answers[1].error["param"] == "Idempotency-Key"
    assert len(sandbox.tasks) == 1


def test_a_failed_request_forgets_its_key(call, sandbox, task):
    task["fields"]["$status"] = "LATER"
    assert create(call, task).status == 400
    task["fields"]["$status"] = "TODO"
    assert create(call, task).status == 200
    sandbox.set_faults(Faults(error_before=1.0))
    assert create(call, task, "row-2").status in (500, 503)
    sandbox.set_faults(Faults.none())
    assert create(call, task, "row-2").status == 200
    assert len(sandbox.tasks) == 2


def test_an_error_after_the_commit_is_a_success_to_the_key(call, sandbox, task):
    sandbox.set_faults(Faults(error_after=1.0))
    assert create(call, task).status in (500, 504)
    sandbox.set_faults(Faults.none())
    assert create(call, task).body["id"] == next(iter(sandbox.tasks)).id
    assert len(sandbox.tasks) == 1


def test_create_and_update_have_keys_of_their_own(call, sandbox, task):
    made = create(call, task, "shared")
    changed = call("POST", f"/v1/tasks/{made.body['id']}", {"fields": {"$status": "COMPLETE"}}, idempotency_key="shared")
    assert changed.body["fields"]["$status"]["value"] == "COMPLETE"
    account = call("POST", "/v1/accounts", {"fields": {"$name": "New Inc"}}, idempotency_key="shared")
    assert account.body["id"].startswith("acc_")


def test_the_key_of_an_update_is_not_scoped_to_its_task(call, task):
    """As documented: organization and operation type. Whoever reuses a key for another task is answered with the first one."""
    one, other = create(call, task, "a").body["id"], create(call, task, "b").body["id"]
    body = {"fields": {"$status": "COMPLETE"}}
    call("POST", f"/v1/tasks/{one}", body, idempotency_key="same")
    assert call("POST", f"/v1/tasks/{other}", body, idempotency_key="same").body["id"] == one


@pytest.mark.parametrize(("length", "status"), [(255, 200), (256, 400)])
def test_a_key_has_255_characters_at_most(call, task, length, status):
    answer = create(call, task, "k" * length)
    assert answer.status == status
    if status == 400:
        assert (answer.error["code"], answer.error["param"]) == ("idempotency_key_too_long", "Idempotency-Key")


def test_without_a_key_every_create_is_a_new_task(call, sandbox, task):
    call("POST", "/v1/tasks", task)
    call("POST", "/v1/tasks", task)
    assert len(sandbox.tasks) == 2


@pytest.mark.parametrize("left_after_seconds", [0.0, 0.5])
def test_a_client_that_leaves_does_not_undo_the_work(caller, workspace, clock, task, left_after_seconds):
    sandbox = Sandbox(workspace, clock=clock, latency_seconds=1.0)

    async def scene():
        request = asyncio.create_task(create(caller(sandbox), task))
        await settled()
        clock.advance(seconds=left_after_seconds)
        await settled()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        for _ in range(2):
            clock.advance(seconds=0.5)
            await settled()
        retry = asyncio.create_task(create(caller(sandbox), task))
        await settled()
        clock.advance(seconds=1)
        return await retry

    assert asyncio.run(scene()).body["id"] == next(iter(sandbox.tasks)).id
    assert len(sandbox.tasks) == 1


async def settled():
    """Let everything run that can run without time."""
    for _ in range(50):
        await asyncio.sleep(0)
