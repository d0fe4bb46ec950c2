"""Does each operation end as the outcome that is true of it?"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest

from etl.records import Action, OperationKind


def error(status, code=None, param=None, message="no", **headers):
    return httpx.Response(status, json={"error": {"type": "t", "code": code, "param": param, "message": message}}, headers=headers)


def script(*steps):
    """A server that gives these answers in turn, the last one for ever; an exception is raised."""
    seen = []

    async def serve(request):
        step = steps[min(len(seen), len(steps) - 1)]
        seen.append(request)
        if callable(step):
            step = step()
        if isinstance(step, Exception):
            raise step
        # A fresh one each time: a response can be read once.
        return httpx.Response(step.status_code, content=step.content, headers=step.headers)

    serve.seen = seen
    return serve


def test_a_create_is_one_request_with_its_key_and_body(rig, virtually, make_operation, task_answer):
    server = script(task_answer())
    outcome = virtually(rig(server).send(make_operation()))
    assert (outcome.action, outcome.task_id, outcome.attempts) == (Action.CREATED, "task_1", 1)
    assert outcome.url == "https://crm.example/task_1"
    assert (server.seen[0].method, server.seen[0].url.path) == ("POST", "/v1/tasks")
    assert server.seen[0].headers["Idempotency-Key"] == "key-0"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (OperationKind.UPDATE, ("POST", "/v1/tasks/task_1", Action.UPDATED)),
        (OperationKind.TRASH, ("DELETE", "/v1/tasks/task_1", Action.TRASHED)),
        (OperationKind.RESTORE, ("POST", "/v1/tasks/task_1/restore", Action.UPDATED)),
    ],
)
def test_each_kind_of_write_has_its_call(rig, make_operation, task_answer, kind, expected):
    server = script(task_answer())
    outcome = rig(server).sent(make_operation(kind=kind, task_id="task_1"))
    assert (server.seen[0].method, server.seen[0].url.path, outcome.action) == expected


def test_every_attempt_carries_the_same_key(rig, virtually, make_operation, task_answer):
    server = script(httpx.ReadTimeout("…"), error(500), error(409), error(429, **{"Retry-After": "1"}), task_answer)
    outcome = virtually(rig(server).send(make_operation()))
    assert (outcome.action, outcome.attempts) == (Action.CREATED, 5)
    assert {request.headers["Idempotency-Key"] for request in server.seen} == {"key-0"}


def test_a_refusal_fails_the_row_with_the_apis_words_and_the_maps_name(rig, virtually, make_operation):
    refused = error(400, "relationship_entity_inactive", "relationships.$assignedTo", "member mem_9 is inactive")
    outcome = virtually(rig(script(refused)).send(make_operation()))
    assert (outcome.action, outcome.attempts, outcome.http_status) == (Action.FAILED, 1, 400)
    assert (outcome.problem.code, outcome.problem.field) == ("relationship_entity_inactive", "$assignedTo")
    assert "member mem_9 is inactive" in outcome.problem.message
    assert "choose an active member" in outcome.problem.message


@pytest.mark.parametrize("first", [httpx.ReadTimeout("…"), httpx.RemoteProtocolError("…"), error(500), error(409), httpx.Response(200)])
def test_a_refusal_after_an_attempt_that_may_be_executed_is_uncertain(rig, virtually, make_operation, first):
    outcome = virtually(rig(script(first, error(400, "invalid_type"))).send(make_operation()))
    assert (outcome.action, outcome.attempts, outcome.problem.code) == (Action.UNCERTAIN, 2, "invalid_type")


@pytest.mark.parametrize("first", [httpx.ConnectError("…"), httpx.ConnectTimeout("…"), httpx.PoolTimeout("…"), error(429)])
def test_a_refusal_after_attempts_that_were_not_executed_is_a_failure(rig, virtually, make_operation, first):
    outcome = virtually(rig(script(first, error(400, "invalid_type"))).send(make_operation()))
    assert (outcome.action, outcome.attempts) == (Action.FAILED, 2)


@pytest.mark.parametrize(("trouble", "action"), [(httpx.ConnectError("…"), Action.FAILED), (httpx.ReadTimeout("…"), Action.UNCERTAIN)])
def test_when_attempts_run_out_the_outcome_says_whether_it_can_be_there(rig, virtually, make_operation, trouble, action):
    outcome = virtually(rig(script(trouble), attempts=3).send(make_operation()))
    assert (outcome.action, outcome.attempts) == (action, 3)


def test_a_refusal_of_a_row_that_an_earlier_run_sent_is_uncertain(rig, virtually, make_operation, clock):
    operation = make_operation(first_sent_at=clock.now() - timedelta(hours=1), seen_before=True)
    assert virtually(rig(script(error(422))).send(operation)).action is Action.UNCERTAIN


def test_what_was_first_sent_23_hours_ago_is_not_sent_again(rig, virtually, make_operation, clock, task_answer):
    server = script(task_answer())
    operation = make_operation(first_sent_at=clock.now() - timedelta(hours=23), seen_before=True)
    outcome = virtually(rig(server).send(operation))
    assert (outcome.action, outcome.attempts, outcome.problem.code) == (Action.UNCERTAIN, 0, "too_old_to_resend")
    assert server.seen == []


def test_a_machine_that_slept_through_the_window_does_not_send_again(rig, virtually, make_operation, clock, task_answer):
    def fall_asleep():
        clock.suspended = 24 * 3600.0
        return httpx.ReadTimeout("…")

    server = script(fall_asleep, task_answer)
    outcome = virtually(rig(server).send(make_operation()))
    assert (outcome.action, len(server.seen), outcome.problem.code) == (Action.UNCERTAIN, 1, "too_old_to_resend")


def test_a_row_that_was_surely_not_executed_is_sent_however_late(rig, virtually, make_operation, clock, task_answer):
    def fall_asleep():
        clock.suspended = 24 * 3600.0
        return httpx.ConnectError("…")

    assert virtually(rig(script(fall_asleep, task_answer)).send(make_operation())).action is Action.CREATED


def test_an_attempt_a_window_after_its_intent_was_noted_is_noted_anew_before_it_leaves(rig, virtually, make_operation, clock, task_answer):
    def fall_asleep():
        clock.suspended = 24 * 3600.0
        return error(429)

    used = rig(script(fall_asleep, lambda: task_answer() if used.journal.begun else error(500)))
    operation = make_operation(begun_at=clock.now())
    assert virtually(used.send(operation)).action is Action.CREATED
    assert used.journal.begun == [operation]


def test_a_late_attempt_whose_intent_cannot_be_noted_does_not_leave(rig, virtually, make_operation, clock):
    server = script()
    used = rig(server)
    used.journal.fails = "begin"
    outcome = virtually(used.send(make_operation(begun_at=clock.now() - timedelta(hours=23))))
    assert (outcome.action, server.seen, str(used.stop.error)) == (Action.NOT_SENT, [], "the disk is full")


def test_without_the_lock_nothing_is_sent_and_the_run_stops(rig, virtually, make_operation, task_answer):
    server = script(task_answer())
    used = rig(server)
    used.journal.ours = False
    outcome = virtually(used.send(make_operation()))
    assert (outcome.action, server.seen, used.stop.error.exit_code) == (Action.NOT_SENT, [], 4)


@pytest.mark.parametrize(("trouble", "action"), [(httpx.ConnectError("…"), Action.NOT_SENT), (error(503), Action.UNCERTAIN)])
def test_a_stop_between_attempts_says_whether_it_can_be_there(rig, virtually, make_operation, trouble, action):
    used = rig(script(trouble))

    async def main():
        asyncio.get_running_loop().call_soon(used.stop.ask, "SIGINT")
        return await used.send(make_operation())

    outcome = virtually(main())
    assert outcome.action is action


def test_a_request_in_flight_is_finished_when_the_run_is_to_stop(rig, virtually, make_operation, clock, task_answer):
    async def serve(request):
        await clock.sleep(5)
        return task_answer()

    used = rig(serve)

    async def main():
        asyncio.get_running_loop().call_later(1, used.stop.ask, "SIGINT")
        return await used.send(make_operation())

    assert virtually(main()).action is Action.CREATED


def test_a_request_in_flight_is_given_up_when_it_is_to_stop_at_once(rig, virtually, make_operation, clock):
    async def serve(request):
        await clock.sleep(500)

    used = rig(serve)

    async def main():
        asyncio.get_running_loop().call_later(1, used.stop.ask, "SIGINT")
        asyncio.get_running_loop().call_later(2, used.stop.ask, "SIGINT")
        return await used.send(make_operation()), clock.elapsed_seconds()

    outcome, seconds = virtually(main())
    assert (outcome.action, seconds) == (Action.UNCERTAIN, 2)


def test_a_401_stops_the_run_and_leaves_the_row_unsent(rig, virtually, make_operation):
    used = rig(script(error(401, message="key revoked")))
    outcome = virtually(used.send(make_operation()))
    assert (outcome.action, used.stop.error.exit_code) == (Action.NOT_SENT, 3)
    assert "sk_lf" not in used.stop.error.message


def test_a_pause_of_more_than_15_minutes_stops_the_run(rig, virtually, make_operation, clock):
    used = rig(script(error(503, **{"Retry-After": "901"})))
    outcome = virtually(used.send(make_operation()))
    assert (outcome.action, used.stop.error.exit_code) == (Action.UNCERTAIN, 3)
    assert "901" in used.stop.error.message


def test_a_pause_of_15_minutes_is_kept(rig, virtually, make_operation, clock, task_answer):
    used = rig(script(error(503, **{"Retry-After": "900"}), task_answer))

    async def main():
        return await used.send(make_operation()), clock.elapsed_seconds()

    outcome, seconds = virtually(main())
    assert (outcome.action, seconds >= 900) == (Action.CREATED, True)


def test_after_a_pause_in_which_nobody_took_the_lock_it_goes_on(rig, virtually, make_operation, task_answer):
    used = rig(lambda request: task_answer())
    used.journal.paused = True
    assert virtually(used.send(make_operation())).action is Action.CREATED
