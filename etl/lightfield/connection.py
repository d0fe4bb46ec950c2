"""How does one HTTP/1.1 connection carry one request after the other, and how exactly did it break?"""

from __future__ import annotations

import asyncio
from typing import cast

import httptools

from etl.lean_httpx import httpx
from etl.lightfield.body import LARGEST_BODY_BYTES

HUNG_UP = "Server disconnected without sending a response."
_CUT_OFF = "The connection was closed before the end of the answer."
_LARGEST_HEAD_BYTES = 100 * 1024
_FIRST_FINAL_STATUS = 200


class Connection(asyncio.Protocol):
    """One connection, one request at a time: ``send``, ``head``, ``body``, and the next one where it is ``reusable``.

    What goes wrong is raised by ``head`` or ``body`` as httpx's own errors. Nothing is ever sent a second time.

    Attributes:
        status, headers: Of the answer, once ``head`` has returned.
        idle_since: When its last answer was complete, by the loop's clock.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.idle_since = 0.0
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._silence_seconds: float | None = None
        self._silence: asyncio.TimerHandle | None = None
        self._heard_at = 0.0
        self._waiter: asyncio.Future[None] | None = None
        self._body = bytearray()
        self._heard_bytes = 0
        self._under_way = False
        self._has_head = False
        self._ends_with_connection = False
        self._complete = False
        self._keeps_alive = False
        self._surplus = False
        self._error: httpx.TransportError | None = None

    @property
    def is_open(self) -> bool:
        """Can a request still be sent over it, as far as is known?"""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def reusable(self) -> bool:
        """Has the exchange ended in a way that allows another one?"""
        return (
            self._complete
            and self._error is None
            and not self._surplus
            and self._keeps_alive
            and self.is_open
            and self._unsent_bytes() == 0
        )

    def send(self, request: bytes, silence_seconds: float | None) -> None:
        """Send a whole request.

        Args:
            request: Head and body.
            silence_seconds: The longest silence of the server until the end of its answer; None for any.
        """
        self._begin()
        if self._transport is None or self._transport.is_closing():
            self._fail(httpx.WriteError("The connection was closed before the request."))
            return
        self._silence_seconds, self._heard_at = silence_seconds, self._loop.time()
        if silence_seconds is not None:
            self._silence = self._loop.call_later(silence_seconds, self._judge_silence)
        self._transport.write(request)

    async def head(self) -> None:
        """Return once status and headers are there.

        Raises:
            httpx.TransportError: They will not come; the request may have been executed.
        """
        while not self._has_head:
            await self._news()

    async def body(self) -> bytes:
        """The whole body, as it was sent.

        Raises:
            httpx.TransportError: It broke off.
        """
        while not self._complete:
            await self._news()
        return bytes(self._body)

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        self._fail(httpx.ReadError("The connection was closed on our side."))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshakes are over."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """The server speaks."""
        if not self._under_way:
            # Nobody asked: what comes before the next request would be taken for its answer.
            self.abort()
            return
        self._heard_at = self._loop.time()
        self._heard_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(httpx.RemoteProtocolError(f"no HTTP: {error}"))
            return
        if self._complete:
            self._stop_listening()
        elif self._heard_bytes > (LARGEST_BODY_BYTES if self._has_head else _LARGEST_HEAD_BYTES):
            self._fail(httpx.RemoteProtocolError("an answer without end"))
            return
        if self._has_head:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is closed, by whomever."""
        if not self._under_way:
            return
        if exc is not None:
            self._fail(httpx.ReadError(str(exc)))
        elif not self._has_head:
            self._fail(httpx.RemoteProtocolError(HUNG_UP))
        elif self._ends_with_connection:
            self._complete = True
            self._stop_listening()
            self._wake()
        else:
            self._fail(httpx.RemoteProtocolError(_CUT_OFF))

    def on_message_begin(self) -> None:
        """The parser: an answer begins; a second one was not asked for."""
        self._surplus = self._complete
        self._has_head = self._complete
        if not self._complete:
            self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser: a header; what comes after the body, nobody reads."""
        if not self._has_head:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The parser: the head is there; that of an interim answer is none."""
        if not self._complete:
            self.status = self._parser.get_status_code()
            self._has_head = self.status >= _FIRST_FINAL_STATUS
            framed = {name.lower() for name, _ in self.headers} & {b"content-length", b"transfer-encoding"}
            self._ends_with_connection = not framed

    def on_body(self, body: bytes) -> None:
        """The parser: a part of the body."""
        if not self._complete:
            self._body += body

    def on_message_complete(self) -> None:
        """The parser: the answer's end."""
        if self._has_head and not self._complete:
            self._complete = True
            # Asked later, the parser has forgotten the headers.
            self._keeps_alive = self._parser.should_keep_alive()

    def _begin(self) -> None:
        self.status, self.headers = 0, []
        self._body, self._heard_bytes = bytearray(), 0
        self._under_way, self._has_head, self._complete, self._surplus = True, False, False, False
        self._keeps_alive = self._ends_with_connection = False
        self._error = None

    def _judge_silence(self) -> None:
        if self._silence_seconds is None:
            return
        left = self._heard_at + self._silence_seconds - self._loop.time()
        if left > 0:
            self._silence = self._loop.call_later(left, self._judge_silence)
            return
        error = httpx.WriteTimeout if self._unsent_bytes() else httpx.ReadTimeout
        self._fail(error(f"silent for {self._silence_seconds:g} s"))

    def _unsent_bytes(self) -> int:
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def _fail(self, error: httpx.TransportError) -> None:
        self._error = self._error or error
        self._stop_listening()
        if self._transport is not None:
            self._transport.abort()
        self._wake()

    def _stop_listening(self) -> None:
        self._under_way = False
        self.idle_since = self._loop.time()
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None

    async def _news(self) -> None:
        if self._error is not None:
            raise self._error
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
