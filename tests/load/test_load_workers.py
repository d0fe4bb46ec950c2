"""Does every operation that is pulled end as exactly one outcome, whatever happens on the way?"""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
import pytest

from etl.errors import LocalFailureError, SourceChangedError
from etl.records import Action
from etl.sandbox.faults import Faults
from etl.sandbox.limits import Category

STEP_SECONDS = 0.08


def actions(outcomes):
    return Counter(outcome.action for outcome in outcomes)


@pytest.fixture
def many(make_operation):
    return lambda count: (make_operation(number) for number in range(count))


@pytest.fixture
def slow_server(clock, task_answer):
    """Answers after 80 ms, and remembers when each request came."""
    arrived = []

    async def serve(request):
        arrived.append(clock.elapsed_seconds())
        await clock.sleep(STEP_SECONDS)
        return task_answer()

    serve.arrived = arrived
    return serve


@pytest.mark.parametrize("latency_ms", [80, *(pytest.param(each, marks=pytest.mark.slow) for each in (20, 300, 1000))])
def test_a_thousand_creates_use_98_percent_of_the_sandboxs_limit_without_a_429(rig, virtually, clock, sandbox, many, latency_ms):
    sandbox.set_latency(latency_ms / 1000)
    used = rig(sandbox)

    async def main():
        await used.send_all(many(1000))
        return clock.elapsed_seconds()

    seconds = virtually(main())
    assert 1000 / seconds >= 0.98 * 25
    assert sandbox.throttled[Category.WRITE] == 0
    assert len(sandbox.tasks) == 1000
    assert actions(used.outcomes) == {Action.CREATED: 1000}


def test_through_a_bad_night_every_row_becomes_one_task(rig, virtually, sandbox, many):
    sandbox.set_faults(Faults(error_before=0.05, error_after=0.05, lost_before_commit=0.05, lost_after_commit=0.05, not_json=0.05))
    used = rig(sandbox)
    virtually(used.send_all(many(300)))
    assert actions(used.outcomes) == {Action.CREATED: 300}
    assert len(sandbox.tasks) == 300
    assert used.means.stats.retries > 30


def test_intents_are_durable_before_the_first_byte_and_outcomes_before_the_report(rig, virtually, make_operation, task_answer):
    order = []

    async def serve(request):
        order.append("sent")
        return task_answer()

    used = rig(serve)
    begin, finish = used.journal.begin, used.journal.finish

    async def slow_begin(operations):
        await asyncio.sleep(0.1)
        order.append("begun")
        return await begin(operations)

    async def slow_finish(outcomes):
        await asyncio.sleep(0.1)
        order.append("finished")
        await finish(outcomes)

    used.journal.begin, used.journal.finish = slow_begin, slow_finish
    used.outcomes = _Noting(order)
    virtually(used.send_all(iter([make_operation()])))
    assert order == ["begun", "sent", "finished", "reported"]


class _Noting(list):
    def __init__(self, order):
        super().__init__()
        self._order = order

    def extend(self, outcomes):
        self._order.append("reported")
        super().extend(outcomes)


def test_no_more_intents_are_open_than_in_flight_and_one_seconds_budget(rig, virtually, slow_server, many):
    used = rig(slow_server)
    virtually(used.send_all(many(400), concurrency=10))
    # The ten that have just ended wait up to 50 ms for the journal.
    assert used.journal.most_open <= 10 + 25 + 10
    assert len(used.outcomes) == 400


def test_many_intents_share_a_commit_as_soon_as_the_limit_is_known_to_allow_it(rig, virtually, task_answer, many):
    async def unlimited(_):
        return task_answer(headers={"X-RateLimit-Limit": "100000", "X-RateLimit-Remaining": "100000"})

    used, groups = rig(unlimited), []
    begin = used.journal.begin

    async def note(operations):
        groups.append(len(operations))
        await asyncio.sleep(0.01)
        return await begin(operations)

    used.journal.begin = note
    virtually(used.send_all(many(3000), concurrency=10))
    assert groups[0] <= 25
    assert 64 < max(groups) <= 250
    assert len(used.outcomes) == 3000


def test_a_stop_pulls_nothing_more_and_gives_every_pulled_operation_an_outcome(rig, virtually, slow_server, make_operation):
    used, pulled = rig(slow_server), []

    def source():
        for number in range(10_000):
            pulled.append(number)
            yield make_operation(number)

    async def main():
        asyncio.get_running_loop().call_later(3, used.stop.ask, "SIGINT")
        await used.send_all(source())

    virtually(main())
    assert len(pulled) < 250
    assert sorted(outcome.operation.row - 2 for outcome in used.outcomes) == pulled
    assert set(actions(used.outcomes)) == {Action.CREATED, Action.NOT_SENT}
    assert actions(used.outcomes)[Action.CREATED] == len(slow_server.arrived)
    # Each intent is closed again in the journal.
    assert len(used.journal.finished) == len(used.journal.begun)


def test_what_hangs_when_the_run_is_to_stop_is_given_up_after_20_seconds(rig, virtually, clock, many):
    async def serve(request):
        await clock.sleep(10_000)

    used = rig(serve)

    async def main():
        asyncio.get_running_loop().call_later(3, used.stop.ask, "SIGTERM")
        await used.send_all(many(5))
        return clock.elapsed_seconds()

    assert virtually(main()) == pytest.approx(23, abs=0.2)
    assert actions(used.outcomes) == {Action.UNCERTAIN: 5}


def test_concurrency_follows_latency_and_can_be_fixed(rig, virtually, clock, task_answer, many):
    flying = Counter()

    async def serve(request):
        flying["now"] += 1
        flying["most"] = max(flying["most"], flying["now"])
        await clock.sleep(2.0)
        flying["now"] -= 1
        return task_answer()

    virtually(rig(serve).send_all(many(500)))
    adapted = flying["most"]
    flying.clear()
    virtually(rig(serve).send_all(many(30), concurrency=3))
    assert 45 <= adapted <= 110
    assert flying["most"] == 3


@pytest.mark.parametrize("step", ["begin", "finish"])
def test_a_journal_that_gives_out_ends_the_run_with_its_error_after_what_is_in_flight(rig, virtually, slow_server, many, step):
    used = rig(slow_server)
    used.journal.fails = step
    with pytest.raises(LocalFailureError, match="disk is full"):
        virtually(used.send_all(many(500)))
    assert len(slow_server.arrived) < 60


def test_what_was_written_while_the_journal_gave_out_is_uncertain_and_never_called_not_sent(rig, virtually, slow_server, many):
    used = rig(slow_server)
    used.journal.fails = "finish"
    with pytest.raises(LocalFailureError):
        virtually(used.send_all(many(500)))
    doubtful = [outcome for outcome in used.outcomes if outcome.action is Action.UNCERTAIN]
    assert len(doubtful) == len(slow_server.arrived)
    assert {outcome.problem.code for outcome in doubtful} == {"not_recorded"}
    assert "https://crm.example/task_1" in doubtful[0].problem.message
    assert set(actions(used.outcomes)) <= {Action.UNCERTAIN, Action.NOT_SENT}


def test_a_source_that_breaks_ends_the_run_with_its_error_after_recording_the_rest(rig, virtually, slow_server, make_operation):
    def source():
        yield from (make_operation(number) for number in range(5))
        raise SourceChangedError("it was rewritten")

    used = rig(slow_server)
    with pytest.raises(SourceChangedError):
        virtually(used.send_all(source()))
    assert len(used.outcomes) == 5
    assert len(used.journal.finished) == len(used.journal.begun)


def test_an_async_source_is_pulled_too(rig, virtually, slow_server, make_operation):
    async def source():
        for number in range(3):
            await asyncio.sleep(1)
            yield make_operation(number)

    used = rig(slow_server)
    virtually(used.send_all(source()))
    assert actions(used.outcomes) == {Action.CREATED: 3}


def test_an_urgent_stop_does_not_wait_for_a_source_that_hangs(rig, virtually, clock, slow_server, make_operation):
    async def source():
        yield make_operation()
        await asyncio.sleep(10_000)
        yield make_operation(1)

    used = rig(slow_server)

    async def main():
        for seconds in (1, 2):
            asyncio.get_running_loop().call_later(seconds, used.stop.ask, "SIGINT")
        await used.send_all(source())
        return clock.elapsed_seconds()

    assert virtually(main()) == pytest.approx(2, abs=0.1)
    assert actions(used.outcomes) == {Action.CREATED: 1}


def test_nothing_to_send_is_no_trouble(rig, virtually, slow_server):
    used = rig(slow_server)
    virtually(used.send_all(iter(())))
    assert used.outcomes == []


def test_the_figures_for_the_progress_are_kept(rig, virtually, slow_server, many):
    used = rig(slow_server)
    virtually(used.send_all(many(200)))
    stats = used.means.stats
    assert (stats.sent, stats.finished, stats.in_flight, stats.retries) == (200, 200, 0, 0)
    assert stats.median_latency_seconds == pytest.approx(STEP_SECONDS)


def test_a_body_that_is_cut_off_is_sent_again_with_the_same_key(rig, virtually, task_answer, many):
    keys = []

    async def serve(request):
        keys.append(request.headers["Idempotency-Key"])
        return httpx.Response(200, content=b'{"id": "ta') if len(keys) == 1 else task_answer()

    used = rig(serve)
    virtually(used.send_all(many(1)))
    assert (actions(used.outcomes), keys) == ({Action.CREATED: 1}, ["key-0", "key-0"])
