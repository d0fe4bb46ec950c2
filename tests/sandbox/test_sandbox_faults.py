"""Every trouble on demand, as a client sees it on a real socket, and what it leaves behind."""

from __future__ import annotations

import asyncio
import json
import time
from random import Random

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.sandbox.app import Sandbox
from etl.sandbox.delivery import ConnectionLost
from etl.sandbox.faults import FaultPlan, Faults, FaultsError, Trouble
from etl.sandbox.limits import Limits
from etl.sandbox.server import ServerThread
from etl.sandbox.workspace import Workspace


@pytest.fixture(scope="module")
def served():
    sandbox = Sandbox(Workspace.sample(), limits=Limits.unlimited(), random=Random(1))
    with ServerThread(sandbox) as server:
        yield sandbox, server.url


@pytest.fixture
def meet(served, raw):
    """Post one task while something goes wrong; what came back, and how many tasks there are more."""
    sandbox, url = served

    def met(faults, **options):
        before = len(sandbox.tasks)
        sandbox.set_faults(faults)
        received = raw(url).post("/v1/tasks", **options)
        sandbox.set_faults(Faults.none())
        return received, len(sandbox.tasks) - before

    return met


def test_without_faults_a_whole_answer_arrives(meet):
    received, made = meet(Faults.none())
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert json.loads(body)["id"].startswith("tsk_")
    assert made == 1


def test_lost_before_commit_closes_the_connection_and_makes_nothing(meet):
    assert meet(Faults(lost_before_commit=1.0)) == (b"", 0)


def test_lost_after_commit_closes_the_connection_although_the_task_is_made(meet):
    assert meet(Faults(lost_after_commit=1.0)) == (b"", 1)


def test_a_task_whose_answer_was_lost_is_found_by_its_key(meet):
    assert meet(Faults(lost_after_commit=1.0), key="lost-1") == (b"", 1)
    received, made = meet(Faults.none(), key="lost-1")
    assert received.startswith(b"HTTP/1.1 200")
    assert made == 0


def test_error_before_is_a_500_or_503_and_makes_nothing(meet):
    results = [meet(Faults(error_before=1.0)) for _ in range(12)]
    assert {received.split()[1] for received, _ in results} == {b"500", b"503"}
    assert {made for _, made in results} == {0}
    assert b'"error":{"type":' in results[0][0]


def test_error_after_is_a_500_or_504_although_the_task_is_made(meet):
    results = [meet(Faults(error_after=1.0)) for _ in range(12)]
    assert {received.split()[1] for received, _ in results} == {b"500", b"504"}
    assert {made for _, made in results} == {1}


def test_a_truncated_answer_promises_more_than_arrives(meet):
    received, made = meet(Faults(truncated=1.0))
    head, _, body = received.partition(b"\r\n\r\n")
    promised = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    assert head.startswith(b"HTTP/1.1 200")
    assert len(body) == promised // 2
    assert made == 1


def test_an_answer_that_is_not_json_is_a_200_all_the_same(meet):
    received, made = meet(Faults(not_json=1.0))
    assert received.startswith(b"HTTP/1.1 200")
    assert received.endswith(b"</html>")
    assert b"content-type: text/html" in received
    assert made == 1


def test_a_slow_answer_comes_late(meet):
    started = time.monotonic()
    received, made = meet(Faults(slow=1.0, slow_seconds=0.3))
    assert time.monotonic() - started >= 0.3
    assert received.startswith(b"HTTP/1.1 200")
    assert made == 1


def test_a_client_that_gives_up_on_a_slow_answer_leaves_a_task_behind(meet, served):
    before = len(served[0].tasks)
    with pytest.raises(TimeoutError):
        meet(Faults(slow=1.0, slow_seconds=0.5), timeout=0.1)
    served[0].set_faults(Faults.none())
    assert len(served[0].tasks) == before + 1


@pytest.mark.parametrize(
    ("faults", "header"), [(Faults(too_many_requests=1.0, retry_after_seconds=7), True), (Faults(too_many_requests_bare=1.0), False)]
)
def test_a_burst_of_429_says_when_to_come_back_or_not(meet, faults, header):
    received, made = meet(faults)
    assert received.startswith(b"HTTP/1.1 429")
    assert (b"retry-after: 7" in received) is header
    assert b"x-ratelimit-remaining: 0\r\n" in received
    assert made == 0


def test_other_requests_on_the_connection_are_not_hurt_by_a_fault_before(served):
    """A keep-alive client goes on over a new connection once the server has closed the old one."""
    sandbox, url = served
    headers = {"Authorization": "Bearer sk_lf_sandbox", "Lightfield-Version": "2026-03-01"}
    with httpx.Client(base_url=url, headers=headers) as client:
        assert client.get("/v1/auth/validate").status_code == 200
        sandbox.set_faults(Faults(lost_after_commit=1.0))
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/v1/auth/validate")
        sandbox.set_faults(Faults.none())
        assert client.get("/v1/auth/validate").status_code == 200


@pytest.mark.parametrize("faults", [Faults(lost_before_commit=1.0), Faults(lost_after_commit=1.0), Faults(truncated=1.0)])
def test_in_the_process_a_closed_connection_is_an_exception(caller, faults, workspace, task):
    sandbox = Sandbox(workspace, faults=faults)
    with pytest.raises(ConnectionLost):
        asyncio.run(caller(sandbox)("POST", "/v1/tasks", task))
    assert len(sandbox.tasks) == (0 if faults.lost_before_commit else 1)


def test_a_burst_refuses_so_many_requests_in_a_row():
    plan = FaultPlan(Faults(too_many_requests=1.0, burst=3), Random(1))
    assert [plan.draw(is_write=True) for _ in range(3)] == [Trouble.TOO_MANY_REQUESTS] * 3
    rare = FaultPlan(Faults(too_many_requests=0.01, burst=4), Random(3))
    drawn = [rare.draw(is_write=True) for _ in range(2000)]
    refused = [index for index, trouble in enumerate(drawn) if trouble]
    assert refused
    assert len(refused) % 4 == 0


def test_faults_may_spare_what_does_not_write(call, sandbox, task):
    sandbox.set_faults(Faults.parse("error_before=1,only_writes=1"))
    assert call("GET", "/v1/tasks").status == 200
    assert call("POST", "/v1/tasks", task).status in (500, 503)


def test_the_same_seed_meets_the_same_troubles_about_as_often_as_asked():
    plans = [FaultPlan(Faults.bad_night(), Random(5)) for _ in range(2)]
    drawn = [[plan.draw(is_write=True) for _ in range(20_000)] for plan in plans]
    assert drawn[0] == drawn[1]
    for trouble in set(Trouble) - {Trouble.TOO_MANY_REQUESTS, Trouble.TOO_MANY_REQUESTS_BARE}:
        share = drawn[0].count(trouble) / 20_000
        assert share == pytest.approx(Faults.bad_night().probability(trouble), rel=0.3)


def test_a_bad_night_counts_its_troubles_and_loses_no_commit(caller, workspace, task):
    sandbox = Sandbox(workspace, limits=Limits.unlimited(), faults=Faults.parse("bad_night, slow=0"), random=Random(2))

    async def post():
        for _ in range(800):
            try:
                await caller(sandbox)("POST", "/v1/tasks", task)
            except (ConnectionLost, json.JSONDecodeError):
                continue

    asyncio.run(post())
    assert set(sandbox.troubles) == set(Trouble) - {Trouble.SLOW}
    assert sum(sandbox.statuses.values()) == len(sandbox.requests) == 800
    assert sum(visit.executed for visit in sandbox.requests) == len(sandbox.tasks)
    assert sandbox.crashes == []


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", Faults.none()),
        ("none", Faults.none()),
        ("bad_night", Faults.bad_night()),
        ("error_after=0.05,lost_after_commit=0.02", Faults(error_after=0.05, lost_after_commit=0.02)),
        (" slow = 1 , slow_seconds=0.5, burst=2", Faults(slow=1.0, slow_seconds=0.5, burst=2)),
    ],
)
def test_faults_are_read_from_a_line(text, faults):
    assert Faults.parse(text) == faults


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("eror_after=0.1", "There is no fault 'eror_after'"),
        ("eror_after=0.1", "lost_after_commit"),
        ("error_after", "after error_after= comes a number"),
        ("burst=1.5", "a whole number"),
        ("slow=2", "between 0 and 1"),
        ("slow=nan", "between 0 and 1"),
        ("slow=0.7,not_json=0.7", "more than 1"),
        ("burst=0", "at least 1"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_with_what_is_allowed(text, hint):
    with pytest.raises(FaultsError) as refused:
        Faults.parse(text)
    assert hint in str(refused.value)


@given(st.text(max_size=40))
def test_any_text_is_faults_or_a_clear_error(text):
    try:
        outcome = Faults.parse(text)
    except FaultsError as refused:
        outcome = str(refused)
    assert outcome
