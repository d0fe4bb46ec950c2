"""Does a message arrive, and does its URL stay a secret where it does not?"""

from __future__ import annotations

import asyncio
import json
import logging

import httpx
import pytest

from etl.notify.webhook import WebhookError, post

URL = "https://hooks.example/services/T0/B0/hunter2?token=hunter3"


class Still:
    """A clock whose waits take no time."""

    def __init__(self):
        self.waited = []

    async def sleep(self, seconds):
        self.waited.append(seconds)


def delivered(*answers):
    """Posts a message to a receiver that answers so, or raises; returns its requests."""
    seen, left, clock = [], list(answers), Still()

    async def answer(request):
        seen.append(request)
        told = left.pop(0)
        if isinstance(told, Exception):
            raise told
        return httpx.Response(told, headers={"Location": "https://elsewhere.example"})

    asyncio.run(post(URL, {"text": "hello"}, clock=clock, transport=httpx.MockTransport(answer)))
    return seen, clock.waited


def test_a_message_is_posted_as_json_once():
    [request], waited = delivered(202)
    assert (request.method, str(request.url), json.loads(request.content), waited) == ("POST", URL, {"text": "hello"}, [])


@pytest.mark.parametrize("first", [500, 429, httpx.ConnectError("nobody at hunter2"), httpx.ReadTimeout("hunter2")])
def test_what_may_pass_is_tried_once_more(first):
    requests, waited = delivered(first, 200)
    assert (len(requests), waited) == (2, [1.0])


@pytest.mark.parametrize("answers", [(503, 503), (404,), (302,), (httpx.ConnectError("hunter2 hunter3"), httpx.ConnectError("hunter2"))])
def test_a_message_that_does_not_arrive_says_why_without_the_address(answers, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(WebhookError) as failed:
        delivered(*answers)
    assert "hunter" not in str(failed.value)
    assert "hunter" not in caplog.text
    assert "hooks.example" not in str(failed.value) + caplog.text


def test_a_receiver_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr("etl.notify.webhook.TIMEOUT_SECONDS", 0.02)

    async def silent(_request):
        await asyncio.sleep(5)

    with pytest.raises(WebhookError, match="no answer within"):
        asyncio.run(post(URL, {}, clock=Still(), transport=httpx.MockTransport(silent)))


def test_what_a_scheduler_logs_of_httpx_does_not_hold_the_address(caplog):
    caplog.set_level(logging.INFO)
    delivered(200)
    assert "hunter" not in caplog.text
