"""Over a real socket: when there is no answer, can the server have executed the request?"""

from __future__ import annotations

import asyncio
import socket
import struct

import httpx
import pytest

from etl.lightfield.answer import NoAnswerError
from etl.lightfield.broken import no_answer


@pytest.fixture(params=["ours", "httpx's own"])
def client_of(request, client_of):
    """Behind a proxy it is httpx's own transport that sends; over a socket both are told apart by nothing."""

    def build(origin, *, max_connections=256, **more):
        limits = httpx.Limits(max_connections=max_connections)
        transport = None if request.param == "ours" else httpx.AsyncHTTPTransport(limits=limits)
        return client_of(origin, max_connections=max_connections, transport=transport, **more)

    return build


async def read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0)
    await reader.readexactly(length)


async def close_before_reading(reader, writer):
    writer.close()


async def close_after_reading(reader, writer):
    await read_request(reader)


async def reset(reader, writer):
    await read_request(reader)
    # A linger of zero seconds makes the close a reset.
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def hang(reader, writer):
    await read_request(reader)
    await asyncio.sleep(60)


async def garbage(reader, writer):
    await read_request(reader)
    writer.write(b"220 smtp.example ESMTP\r\n\r\n")
    await writer.drain()


async def half_a_head(reader, writer):
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    await writer.drain()


async def half_a_body(reader, writer):
    await read_request(reader)
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id": "task')
    await writer.drain()


async def body_that_stalls(reader, writer):
    await half_a_body(reader, writer)
    await asyncio.sleep(60)


async def body_that_drips(reader, writer):
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def not_json(reader, writer):
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>")
    await writer.drain()


async def broken_gzip(reader, writer):
    await read_request(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\nnogzip")
    await writer.drain()


@pytest.mark.parametrize(
    ("behaviour", "kind"),
    [
        (close_before_reading, "connection_lost"),
        (close_after_reading, "connection_lost"),
        (reset, "connection_lost"),
        (hang, "read_timeout"),
        (garbage, "bad_answer"),
        (half_a_head, "connection_lost"),
    ],
)
def test_once_the_connection_is_up_it_may_be_executed(serving, client_of, behaviour, kind):
    async def main():
        async with serving(behaviour) as origin, client_of(origin) as client:
            await client.create_task(b"{}", "key")

    with pytest.raises(NoAnswerError) as caught:
        asyncio.run(main())
    assert (caught.value.kind, caught.value.may_be_executed) == (kind, True)


@pytest.mark.parametrize("behaviour", [half_a_body, body_that_stalls, body_that_drips, not_json, broken_gzip])
def test_a_body_that_cannot_be_read_is_an_answer_without_body(serving, client_of, behaviour):
    async def main():
        async with serving(behaviour) as origin, client_of(origin) as client:
            return await client.create_task(b"{}", "key")

    answer = asyncio.run(main())
    assert (answer.status, answer.body) == (200, None)


def test_a_refused_connection_is_not_executed(client_of):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{unused.getsockname()[1]}"

        async def main():
            async with client_of(origin) as client:
                await client.create_task(b"{}", "key")

        with pytest.raises(NoAnswerError) as caught:
            asyncio.run(main())
    assert (caught.value.kind, caught.value.may_be_executed) == ("connect_failed", False)


def test_a_tls_handshake_that_fails_is_not_executed(serving, client_of):
    async def main():
        async with serving(garbage_at_once) as origin, client_of(origin.replace("http://", "https://")) as client:
            await client.create_task(b"{}", "key")

    with pytest.raises(NoAnswerError) as caught:
        asyncio.run(main())
    assert (caught.value.kind, caught.value.may_be_executed) == ("connect_failed", False)


async def garbage_at_once(reader, writer):
    writer.write(b"this is no TLS\r\n\r\n")
    await writer.drain()


def test_a_name_that_is_not_known_is_not_executed(client_of):
    async def main():
        async with client_of("https://no-such-host.invalid", connect_timeout_seconds=5) as client:
            await client.create_task(b"{}", "key")

    with pytest.raises(NoAnswerError) as caught:
        asyncio.run(main())
    assert not caught.value.may_be_executed


def test_a_wait_for_a_free_connection_is_not_executed(serving, client_of):
    async def main():
        async with serving(hang) as origin, client_of(origin, max_connections=1) as client:
            first = asyncio.create_task(client.create_task(b"{}", "1"))
            # The second waits for the pool while the first one hangs just as long, begun a little earlier.
            await asyncio.sleep(0)
            return await asyncio.gather(first, client.create_task(b"{}", "2"), client.create_task(b"{}", "3"), return_exceptions=True)

    troubles = asyncio.run(main())
    waited = [trouble for trouble in troubles if trouble.kind == "pool_timeout"]
    assert waited
    assert not any(trouble.may_be_executed for trouble in waited)


@pytest.mark.parametrize(
    ("error", "kind", "may_be_executed"),
    [
        (httpx.PoolTimeout("x"), "pool_timeout", False),
        (httpx.ConnectTimeout("x"), "connect_timeout", False),
        (httpx.ConnectError("x"), "connect_failed", False),
        (httpx.ProxyError("x"), "connect_failed", False),
        (httpx.ReadTimeout("x"), "read_timeout", True),
        (httpx.WriteTimeout("x"), "write_timeout", True),
        (httpx.ReadError("x"), "connection_lost", True),
        (httpx.WriteError("x"), "connection_lost", True),
        (httpx.CloseError("x"), "connection_lost", True),
        (httpx.RemoteProtocolError("x"), "bad_answer", True),
        (httpx.LocalProtocolError("x"), "connection_lost", True),
        (TimeoutError(), "read_timeout", True),
        (OSError("x"), "connection_lost", True),
        (RuntimeError("something new"), "connection_lost", True),
    ],
)
def test_the_table_of_what_breaks(error, kind, may_be_executed):
    """What is not known may be executed."""
    found = no_answer(error)
    assert (found.kind, found.may_be_executed) == (kind, may_be_executed)
