"""Over a real socket: does our transport speak HTTP as it should, keep connections as long as they are sound, and send nothing twice?"""

from __future__ import annotations

import asyncio
import gc
import gzip
import ssl
from pathlib import Path

import httpx
import pytest

from etl.errors import SettingsError
from etl.lightfield.answer import NoAnswerError
from etl.lightfield.transport import Http1Transport, transport_to

TLS = Path(__file__).parent / "tls"
OK = b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{"id": "t1"}'
PATIENT = {"timeout_seconds": 5, "connect_timeout_seconds": 5}
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


class Script:
    """A server: what it does with each connection's requests, and what it saw."""

    def __init__(self, *connections):
        self._connections = iter(connections)
        self.opened = 0
        self.requests = []

    async def __call__(self, reader, writer):
        self.opened += 1
        for reply in next(self._connections):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0)
            self.requests.append(head + await reader.readexactly(length))
            if reply is None:
                return
            writer.write(reply)
            await writer.drain()
        await reader.read()


@pytest.fixture
def talk(serving, client_of):
    """Calls the client, one call after the other, against a script; answers and NoAnswerErrors."""

    def go(script, *calls, **settings):
        async def main():
            found = []
            async with serving(script) as origin, client_of(origin, **{**PATIENT, **settings}) as client:
                for name, *args in calls:
                    try:
                        found.append(await getattr(client, name)(*args))
                    except NoAnswerError as error:
                        found.append(error)
                    # The server's next packet, if there is one, comes now: the timers of both run on one loop.
                    for _ in range(3):
                        await asyncio.sleep(0.01)
            return found

        return asyncio.run(main())

    return go


CREATE = ("create_task", b"{}", "key")


def test_one_connection_carries_one_request_after_the_other(talk):
    script = Script([OK, OK, OK])
    assert [answer.body for answer in talk(script, CREATE, CREATE, ("retrieve_task", "t1"))] == [{"id": "t1"}] * 3
    assert (script.opened, len(script.requests)) == (1, 3)


def test_a_request_leaves_as_it_is_documented(talk):
    script = Script([OK])
    talk(script, ("create_task", b'{"fields":{}}', "the-key"))
    head, _, body = script.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /v1/tasks HTTP/1.1"
    assert body == b'{"fields":{}}'
    assert {"Content-Length: 13", "Content-Type: application/json", "Idempotency-Key: the-key"} <= set(lines)
    assert sum(line.lower().startswith("host: 127.0.0.1:") for line in lines) == 1


@pytest.mark.parametrize("call", [CREATE, ("retrieve_task", "t1"), ("delete_task", "t1")])
def test_a_kept_connection_that_breaks_under_a_request_has_it_sent_once(talk, call):
    script = Script([OK, None], [OK])
    _, broken = talk(script, CREATE, call)
    assert (broken.kind, broken.may_be_executed) == ("connection_lost", True)
    assert (script.opened, len(script.requests)) == (1, 2)


@pytest.mark.parametrize(
    "reply",
    [
        b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 12\r\n\r\n{"id": "t1"}',
        b'HTTP/1.0 200 OK\r\nContent-Length: 12\r\n\r\n{"id": "t1"}',
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n" + b'{"id": "t2"}',
        OK + b"\x00 what is this",
    ],
)
def test_a_connection_is_not_used_again_where_its_next_answer_could_be_anothers(talk, reply):
    script = Script([reply], [OK])
    first, second = talk(script, CREATE, CREATE)
    assert (first.body, second.body) == ({"id": "t1"}, {"id": "t1"})
    assert script.opened == 2


def test_what_comes_unasked_over_an_idle_connection_is_nobodys_answer(talk):
    class Late(Script):
        async def __call__(self, reader, writer):
            if self.opened == 1:
                await super().__call__(reader, writer)
                return
            self.opened += 1
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)
            await asyncio.sleep(0.005)
            writer.write(OK.replace(b"t1", b"t9"))
            await reader.read()

    script = Late([OK])
    assert [answer.body for answer in talk(script, CREATE, CREATE)] == [{"id": "t1"}] * 2
    assert script.opened == 2


def test_a_connection_that_the_server_closed_meanwhile_is_not_used(talk):
    opened = []

    async def closes_after_each(reader, writer):
        opened.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)
        await writer.drain()

    assert [answer.body for answer in talk(closes_after_each, CREATE, CREATE)] == [{"id": "t1"}] * 2
    assert len(opened) == 2


def test_a_connection_that_idled_too_long_is_not_used(talk):
    script = Script([OK], [OK])
    talk(script, CREATE, CREATE, transport=Http1Transport(max_connections=5, keep_idle_seconds=0.001))
    assert script.opened == 2


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK,
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"\r\n7\r\n: "t1"}\r\n0\r\n\r\n',
        b'HTTP/1.1 200 OK\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 12\r\n\r\n{"id": "t1"}',
    ],
)
def test_every_form_of_an_answer_is_read(talk, reply):
    (answer,) = talk(Script([reply]), CREATE)
    assert (answer.status, answer.body) == (200, {"id": "t1"})


def test_an_answer_that_ends_with_its_connection_is_read(talk):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\n\r\n{"id": ')
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.write(b'"t1"}')
        await writer.drain()

    (answer,) = talk(serve, ("retrieve_task", "t1"))
    assert answer.body == {"id": "t1"}


def test_a_packed_answer_is_unpacked(talk):
    packed = gzip.compress(b'{"id": "t1"}')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    (answer,) = talk(Script([head + packed]), CREATE)
    assert answer.body == {"id": "t1"}


@pytest.mark.parametrize("reply", [b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
def test_an_answer_without_a_body_leaves_the_connection_sound(talk, reply):
    script = Script([reply, OK])
    first, second = talk(script, ("delete_task", "t1"), CREATE)
    assert (first.body, second.body) == (None, {"id": "t1"})
    assert script.opened == 1


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 30_000,
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nContent-Length: 13\r\n\r\n",
    ],
)
def test_what_is_no_sound_http_may_have_been_executed(talk, reply):
    (broken,) = talk(Script([reply]), CREATE)
    assert (broken.kind, broken.may_be_executed) == ("bad_answer", True)


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"", b"x" * 65536),
        (b"Transfer-Encoding: chunked\r\n", b"1\r\nx\r\n" * 10_000),
        (b"Transfer-Encoding: chunked\r\n\r\n0\r\nT: x", b"\r\nT: x" * 10_000),
        (b"Transfer-Encoding: chunked\r\n\r\n1;", b"x" * 65536),
    ],
)
def test_an_answer_without_end_is_given_up_before_it_fills_the_memory(talk, monkeypatch, head, part):
    monkeypatch.setattr("etl.lightfield.connection.LARGEST_BODY_BYTES", 1_000_000)
    sent = 0

    async def endless(reader, writer):
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
        while True:
            writer.write(part)
            await writer.drain()
            sent += len(part)

    (answer,) = talk(endless, CREATE)
    assert (answer.status, answer.body) == (200, None)
    # What the operating system's buffers hold was sent too.
    assert sent < 30_000_000


def test_a_packed_answer_is_not_unpacked_beyond_what_fits(talk):
    bomb = gzip.compress(b'{"id": "' + b" " * 40_000_000 + b'"}', compresslevel=1)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    (answer,) = talk(Script([head + bomb]), CREATE)
    assert (answer.status, answer.body) == (200, None)


def test_a_server_that_stops_reading_is_told_from_one_that_does_not_answer(talk):
    async def deaf(reader, writer):
        await asyncio.sleep(60)

    (broken,) = talk(deaf, ("create_task", b" " * 20_000_000, "key"), timeout_seconds=0.3)
    assert (broken.kind, broken.may_be_executed) == ("write_timeout", True)


def test_a_request_that_is_given_up_frees_its_place(serving, client_of):
    async def main():
        hangs = asyncio.Event()

        async def serve(reader, writer):
            if hangs.is_set():
                await Script([OK])(reader, writer)
            await reader.readuntil(b"\r\n\r\n")
            hangs.set()
            await reader.read()

        async with serving(serve) as origin, client_of(origin, max_connections=1, **PATIENT) as client:
            given_up = asyncio.create_task(client.create_task(b"{}", "1"))
            await hangs.wait()
            given_up.cancel()
            answer = await client.create_task(b"{}", "2")
            return answer.body

    assert asyncio.run(main()) == {"id": "t1"}


def test_a_request_that_is_given_up_at_any_moment_leaves_no_socket_open(serving, client_of):
    """A socket that nobody closed is a warning when it is collected, and a warning fails the test."""

    async def main():
        async with serving(Script(*[[OK] for _ in range(60)])) as origin:
            for moment in range(30):
                async with client_of(origin, **PATIENT) as client:
                    request = asyncio.create_task(client.create_task(b"{}", "key"))
                    for _ in range(moment):
                        await asyncio.sleep(0)
                    request.cancel()
                    await asyncio.wait([request])

    asyncio.run(main())
    gc.collect()


def test_no_more_connections_are_open_than_allowed(serving, client_of):
    script = Script(*[[OK] * 40 for _ in range(40)])

    async def main():
        async with serving(script) as origin, client_of(origin, max_connections=3, **PATIENT) as client:
            return await asyncio.gather(*(client.create_task(b"{}", str(number)) for number in range(40)))

    assert len(asyncio.run(main())) == 40
    assert script.opened == 3


def test_a_cookie_is_never_sent_back_and_a_redirect_never_followed(talk):
    redirect = b"HTTP/1.1 307 Temporary Redirect\r\nSet-Cookie: a=b\r\nLocation: http://[not an address\r\nContent-Length: 0\r\n\r\n"
    script = Script([redirect, OK])
    first, second = talk(script, CREATE, CREATE)
    assert (first.status, second.status) == (307, 200)
    assert b"ookie" not in script.requests[1]


def test_a_line_break_in_a_header_is_not_sent(talk):
    script = Script([OK])
    (broken,) = talk(script, ("create_task", b"{}", "key\r\nX-Other: header"))
    assert isinstance(broken, NoAnswerError)
    assert script.requests == []


def test_a_tls_handshake_that_never_ends_is_not_executed(serving, client_of):
    async def silent(reader, writer):
        await asyncio.sleep(60)

    async def main():
        async with serving(silent) as origin, client_of(origin.replace("http://", "https://")) as client:
            await client.create_task(b"{}", "key")

    with pytest.raises(NoAnswerError) as caught:
        asyncio.run(main())
    assert (caught.value.kind, caught.value.may_be_executed) == ("connect_timeout", False)


@pytest.mark.parametrize("trusted", [True, False])
def test_https_trusts_the_authorities_of_the_environment(serving, client_of, monkeypatch, trusted):
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "localhost.pem"))
    script = Script([OK, OK])

    async def main():
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(TLS / "localhost.pem", TLS / "localhost.key")
        async with serving(script, ssl=context) as origin, client_of(_https(origin), **PATIENT) as client:
            return [await client.create_task(b"{}", "key") for _ in range(2)]

    if trusted:
        assert [answer.body for answer in asyncio.run(main())] == [{"id": "t1"}] * 2
        assert script.opened == 1
        return
    with pytest.raises(NoAnswerError) as caught:
        asyncio.run(main())
    assert (caught.value.kind, caught.value.may_be_executed, script.requests) == ("connect_failed", False, [])


def _https(origin):
    return origin.replace("http://127.0.0.1", "https://localhost")


@pytest.mark.parametrize(
    ("environment", "origin", "ours"),
    [
        ({}, "https://api.example", True),
        ({"HTTPS_PROXY": "http://proxy.example:3128"}, "https://api.example", False),
        ({"HTTPS_PROXY": "proxy.example:3128"}, "https://api.example", False),
        ({"ALL_PROXY": "http://proxy.example:3128"}, "https://api.example", False),
        ({"HTTP_PROXY": "http://proxy.example:3128"}, "https://api.example", True),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "example"}, "https://api.example", True),
        ({"HTTP_PROXY": "http://proxy.example:3128"}, "http://localhost:8080", True),
    ],
)
def test_behind_a_proxy_of_the_environment_it_is_httpx_that_sends(monkeypatch, environment, origin, ours):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    transport = transport_to(origin, max_connections=2, keep_idle_seconds=4)
    assert isinstance(transport, Http1Transport if ours else httpx.AsyncHTTPTransport)


def test_a_proxy_that_is_none_is_told_without_its_password(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "gopher://user:secret@proxy.example")
    with pytest.raises(SettingsError) as caught:
        transport_to("https://api.example", max_connections=2, keep_idle_seconds=4)
    assert "secret" not in str(caught.value)


def test_certificates_that_cannot_be_read_are_told_by_the_name_of_their_variable(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file.pem")
    with pytest.raises(SettingsError, match="SSL_CERT_FILE"):
        transport_to("https://api.example", max_connections=2, keep_idle_seconds=4)


def test_a_transport_for_http_opens_no_line_to_https(talk):
    async def main():
        async with Http1Transport(max_connections=1, keep_idle_seconds=4) as transport:
            await transport.handle_async_request(httpx.Request("GET", "https://localhost:1/"))

    with pytest.raises(httpx.UnsupportedProtocol):
        asyncio.run(main())
