"""Is each endpoint called as documented, and the key kept safe?"""

from __future__ import annotations

import asyncio
import logging

import httpx
import pytest

from etl.lightfield.answer import RateReading
from etl.lightfield.models import ApiSurpriseError, TaskView

KEY = "sk_lf_very_secret_0123456789abcdef"


@pytest.fixture
def call(client_of):
    """Makes one call; the request that left and the answer."""

    def go(name, *args, response=None, **more):
        seen = []

        async def serve(request):
            seen.append(request)
            return response or httpx.Response(200, json={"id": "x"})

        async def main():
            async with client_of("http://localhost", transport=httpx.MockTransport(serve)) as client:
                return await getattr(client, name)(*args, **more)

        answer = asyncio.run(main())
        return seen[0], answer

    return go


@pytest.mark.parametrize(
    ("name", "args", "method", "target"),
    [
        ("create_task", (b"{}", "k"), "POST", "/v1/tasks"),
        ("update_task", ("t1", b"{}", "k"), "POST", "/v1/tasks/t1"),
        ("update_task", ("a/../b?c", b"{}", "k"), "POST", "/v1/tasks/a%2F..%2Fb%3Fc"),
        ("delete_task", ("t1",), "DELETE", "/v1/tasks/t1"),
        ("restore_task", ("t1", "k"), "POST", "/v1/tasks/t1/restore"),
        ("retrieve_task", ("t1",), "GET", "/v1/tasks/t1"),
        ("list_tasks", (25, 50), "GET", "/v1/tasks?limit=25&offset=50"),
        ("list_objects", ("members", 25, 0), "GET", "/v1/members?limit=25&offset=0"),
        ("task_definitions", (), "GET", "/v1/tasks/definitions"),
        ("validate", (), "GET", "/v1/auth/validate"),
    ],
)
def test_each_method_is_one_endpoint(call, name, args, method, target):
    request, answer = call(name, *args)
    assert (request.method, request.url.raw_path.decode(), answer.status) == (method, target, 200)


def test_filters_and_the_trash_are_query_parameters(call):
    request, _ = call("list_objects", "accounts", 25, 0, {"$name[equal]": "Müller & Söhne"})
    assert dict(request.url.params) == {"limit": "25", "offset": "0", "$name[equal]": "Müller & Söhne"}
    assert call("list_tasks", 25, 0, trashed=True)[0].url.params["status"] == "trashed"


def test_every_request_carries_the_documented_headers(call):
    headers = call("create_task", b"{}", "the-key")[0].headers
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert headers["Lightfield-Version"] == "2026-03-01"
    assert headers["Content-Type"] == "application/json"
    assert headers["Idempotency-Key"] == "the-key"
    assert headers["User-Agent"].startswith("lightfield-etl/")


@pytest.mark.parametrize("task_id", ["", ".", ".."])
def test_what_is_no_id_is_not_sent_to_another_endpoint(call, task_id):
    with pytest.raises(ValueError, match="no task id"):
        call("update_task", task_id, b"{}", "k")


@pytest.mark.parametrize("status", [302, 307, 400, 401, 429, 500, 503, 599])
def test_any_status_is_an_answer_and_no_redirect_is_followed(call, status):
    answer = call("create_task", b"{}", "k", response=httpx.Response(status, headers={"Location": "https://evil.example/"}))[1]
    assert answer.status == status


@pytest.mark.parametrize("wrapped", [True, False])
def test_the_error_object_is_read_wrapped_and_bare(call, wrapped):
    fault = {"type": "bad_request", "code": "unknown_field", "param": "fields.$x", "message": "no such field"}
    answer = call("create_task", b"{}", "k", response=httpx.Response(400, json={"error": fault} if wrapped else fault))[1]
    assert (answer.fault.type, answer.fault.code, answer.fault.param, answer.fault.message) == tuple(fault.values())


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"\xff", b'{"error": null}', b'{"error": "words"}', b'{"error": {"code": 7}}'])
def test_an_odd_error_body_is_no_trouble(call, body):
    assert call("create_task", b"{}", "k", response=httpx.Response(400, content=body))[1].fault is not None


def test_half_a_character_in_an_answer_becomes_a_question_mark_and_whole_ones_stay(call):
    """What is no text would break the ledger, a report or the terminal."""
    body = b'{"error": {"message": "\\ud800 \\ud83d\\ude00", "code": "\xed\xa0\x80"}}'
    fault = call("create_task", b"{}", "k", response=httpx.Response(400, content=body))[1].fault
    assert fault.message == "? \U0001f600"
    assert fault.code.encode().strip(b"?") == b""


def test_a_fault_of_many_megabytes_is_cut(call):
    """It is repeated for every row that met it."""
    fault = call("create_task", b"{}", "k", response=httpx.Response(400, json={"message": "x" * 3_000_000}))[1].fault
    assert len(fault.message) == 2000


@pytest.mark.parametrize("task_id", [None, 5, "", ".", "..", "x" * 256])
def test_what_cannot_stand_in_an_address_is_no_id(task_id):
    with pytest.raises(ApiSurpriseError, match="has no id"):
        TaskView.read({"id": task_id})


def test_limits_waits_and_time_are_read_from_the_headers(call):
    headers = {
        "Date": "Fri, 20 Nov 2026 12:00:00 GMT",
        "X-RateLimit-Limit": "25",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "1795176001",
        "Retry-After": "2",
    }
    answer = call("create_task", b"{}", "k", response=httpx.Response(429, headers=headers))[1]
    assert answer.rate == RateReading(25, 0)
    assert answer.retry_after_seconds == 2
    assert answer.server_time.isoformat() == "2026-11-20T12:00:00+00:00"


def test_the_key_is_in_no_log_and_no_repr(serving, client_of, caplog):
    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async def main():
        async with serving(answer) as origin, client_of(origin) as client:
            await client.validate()
            return repr(client)

    with caplog.at_level(logging.DEBUG):
        shown = asyncio.run(main())
    assert KEY not in shown + caplog.text
    assert KEY[-8:] not in shown + caplog.text
