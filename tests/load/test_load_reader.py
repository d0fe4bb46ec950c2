"""Is something read surely, or with the reason why not?"""

from __future__ import annotations

import asyncio

import httpx
import pytest

from etl.errors import InterruptedRunError, KeyRefusedError, LimitReachedError, ServiceDownError
from etl.lightfield.answer import Category


@pytest.fixture
def read(rig, virtually, clock):
    """Reads the task definitions from a server that answers in turn; the body and the seconds that it took."""

    def go(*answers, before=None):
        left = list(answers)

        async def serve(request):
            answer = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(answer, Exception):
                raise answer
            return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)

        used = rig(serve)

        async def main():
            if before:
                before(used)
            async with used.client:
                body = await used.means.reader.read(used.client.task_definitions, Category.READ, scope="tasks:read")
            return body, clock.elapsed_seconds()

        return virtually(main())

    return go


def test_trouble_is_retried_until_it_is_read(read):
    answers = (httpx.ReadTimeout("…"), httpx.Response(503), httpx.Response(200, text="<html>"), httpx.Response(200, json={"a": 1}))
    assert read(*answers)[0] == {"a": 1}


def test_a_429_is_waited_out(read):
    body, seconds = read(httpx.Response(429, headers={"Retry-After": "30"}), httpx.Response(200, json={}))
    assert (body, seconds >= 30) == ({}, True)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_told_with_the_scope_that_is_needed(read, status):
    with pytest.raises(KeyRefusedError) as caught:
        read(httpx.Response(status, json={"error": {"message": "no"}}))
    assert ("tasks:read" in caught.value.next_step) is (status == 403)
    assert "sk_lf" not in str(caught.value) + caught.value.next_step


@pytest.mark.parametrize("trouble", [httpx.ConnectError("refused"), httpx.Response(503)])
def test_a_dead_service_is_given_up_in_well_under_a_minute(read, clock, trouble):
    with pytest.raises(ServiceDownError):
        read(trouble)


def test_another_address_is_recognised(read):
    with pytest.raises(ServiceDownError, match="is this Lightfield's address") as caught:
        read(httpx.Response(404, text="nothing here"))
    assert "--base-url" in caught.value.next_step


def test_a_stop_ends_the_reading(read):
    def ask_soon(used):
        asyncio.get_running_loop().call_later(1, used.stop.ask, "SIGINT")

    with pytest.raises(InterruptedRunError):
        read(httpx.Response(429, headers={"Retry-After": "600"}), before=ask_soon)


def test_429s_without_end_are_told_and_end_with_the_duration_of_the_run(read, clock):
    told, moments = [], []

    def left():
        moments.append(clock.elapsed_seconds())
        return 100 - moments[-1]

    def limit(used):
        used.means.reader._tell = told.append
        used.means.reader._seconds_left = left

    with pytest.raises(LimitReachedError):
        read(httpx.Response(429, headers={"Retry-After": "5"}), before=limit)
    assert 100 <= moments[-1] < 110
    assert len(told) == 1
    assert "429" in told[0]
