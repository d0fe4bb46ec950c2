"""What lies between our client and the server?

A transport for httpx. The server's side of a request is a task of its own, which nothing that happens to the client can reach: a client
that gave up, was cancelled or died may still have its task made. Time-outs are the client's own, and hold.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx
from simulated.virtual_time import OWNER, ServerTime

from etl.sandbox.app import Sandbox
from etl.sandbox.delivery import CLOSE_CONNECTION, ConnectionLost

CREATES = ("POST", "/v1/tasks")
LISTS = ("GET", "/v1/tasks")
_ONE_TASK = "/v1/tasks/"

SERVED: ContextVar[Wire | None] = ContextVar("SERVED", default=None)
"""On the server's side: the request that it works on."""


@dataclass(frozen=True, slots=True)
class Weather:
    """Probabilities of what befalls a request on its way, all together at most 1, and delays in seconds.

    ``unreadable`` is the share of tasks of which every look at one of them alone meets an error of the server.
    """

    refused: float = 0.0
    no_connection: float = 0.0
    lost_on_the_way: float = 0.0
    broken_but_arrives: float = 0.0
    arrives_late: float = 0.0
    gateway_gives_up: float = 0.0
    answer_late: float = 0.0
    latency: tuple[float, float] = (0.01, 0.05)
    late: tuple[float, float] = (0.0, 30.0)
    only_writes: bool = False
    unreadable: float = 0.0


@dataclass(slots=True, eq=False)
class Wire:
    """One request as an observer on the line sees it; times are of the loop.

    Attributes:
        process: Who sent it.
        sent_at: When it left the client.
        latency: Between which seconds the way took then, but for what befell it; ordinary delay.
        query: Of its address.
        arrived_at: When the server had it; None if it never did.
        arrival: The so-many-th to arrive.
        kept: What the client could understand: the status of a whole answer in JSON, None for everything else.
        given_up_at: When the client stopped waiting without a whole answer.
        done_at: When the server made a task for it; None if it never did.
        task_id: Of that task.
    """

    process: Any
    method: str
    path: str
    key: str
    body: dict[str, Any]
    sent_at: float
    latency: tuple[float, float] = (0.0, 0.0)
    query: dict[str, str] = field(default_factory=dict)
    arrived_at: float | None = None
    arrival: int = 0
    kept: int | None = None
    given_up_at: float | None = None
    done_at: float | None = None
    task_id: str | None = None

    @property
    def is_create(self) -> bool:
        return (self.method, self.path) == CREATES

    @property
    def is_write(self) -> bool:
        return self.method in {"POST", "DELETE"}

    @property
    def is_list(self) -> bool:
        return (self.method, self.path) == LISTS

    @property
    def looks_at(self) -> str | None:
        """The one task that it asks for."""
        return self.path.removeprefix(_ONE_TASK) if self.method == "GET" and self.path.startswith(_ONE_TASK) else None


@dataclass(slots=True)
class _Exchange:
    """One connection, as far as it is needed."""

    wire: Wire
    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    head: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    broken: bool = False


class Network(httpx.AsyncBaseTransport):
    """All lines to one server.

    Args:
        sandbox: The server.
        time: Of the server.
        dice: Decide every fate.

    Attributes:
        weather: May change at any time.
        log: Every request that left a client, in order.
        cut_off: Processes that are dead: nothing of theirs leaves any more.
        fates: How many requests met which.
        arrivals: How many the server has got.
        not_shown: Processes with the tasks that they were not shown, see ``Weather.unreadable``.
        given_up_unsent: Requests that never left, and whose client gave up before it could know that.
        watch: Sees every request before it leaves.
        listed: Hears of every page of tasks once the server has made it.
    """

    def __init__(self, sandbox: Sandbox, time: ServerTime, dice: Random) -> None:
        self._sandbox = sandbox
        self._time = time
        self._dice = dice
        self._outside = copy_context()
        self._serving: set[asyncio.Task[None]] = set()
        self._note_commits(sandbox)
        self.weather = Weather()
        self.not_shown: set[tuple[Any, str]] = set()
        self.log: list[Wire] = []
        self.cut_off: set[object] = set()
        self.fates: dict[str, int] = {}
        self.given_up_unsent: list[Wire] = []
        self.arrivals = 0
        self.watch = lambda wire: None
        self.listed = lambda wire: None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        process = OWNER.get()
        if process in self.cut_off:
            raise httpx.ConnectError("this process is dead")
        limits, fate = request.extensions.get("timeout", {}), self._fate(request)
        if fate == "refused":
            raise httpx.ConnectError("All connection attempts failed")
        wire = Wire(
            process,
            request.method,
            request.url.path,
            request.headers.get("idempotency-key", ""),
            json.loads(body) if body else {},
            asyncio.get_running_loop().time(),
            latency=self.weather.latency,
            query=dict(request.url.params),
        )
        if fate == "no_connection":
            await self._no_connection(wire, limits.get("connect") or 5.0)
        self.watch(wire)
        self.log.append(wire)
        if wire.looks_at and Random(wire.looks_at).random() < self.weather.unreadable:
            await asyncio.sleep(self._latency())
            self.not_shown.add((process, wire.looks_at))
            return httpx.Response(500, json={"error": {"type": "internal_server_error", "message": "this one cannot be shown"}})
        exchange = _Exchange(wire)
        try:
            return await self._exchanged(exchange, request, body, fate, limits.get("read"))
        except BaseException:
            wire.given_up_at = asyncio.get_running_loop().time()
            raise

    async def _no_connection(self, wire: Wire, patience: float) -> None:
        try:
            await asyncio.sleep(patience)
        except asyncio.CancelledError:
            # The limit for the whole request, after a machine's sleep: the client cannot say any more how far it had come.
            self.given_up_unsent.append(wire)
            raise
        raise httpx.ConnectTimeout("")

    async def _exchanged(
        self, exchange: _Exchange, request: httpx.Request, body: bytes, fate: str, patience: float | None
    ) -> httpx.Response:
        if fate == "lost_on_the_way":
            await asyncio.sleep(self._latency())
            raise httpx.WriteError("")
        self._serve(exchange, request, body, fate)
        if fate == "broken_but_arrives":
            await asyncio.sleep(self._dice.uniform(0, 0.05))
            raise httpx.ReadError("")
        if fate == "gateway_gives_up":
            await asyncio.sleep(self._dice.uniform(0.0, 2.0))
            exchange.wire.given_up_at = asyncio.get_running_loop().time()
            return httpx.Response(
                504, content=self._dice.choice((b"", b"<html>504 Gateway Time-out</html>", b'{"error":{"type":"gateway_timeout"}}'))
            )
        await _within(exchange.head, patience)
        if exchange.status == 0:
            raise self._dice.choice((httpx.ReadError(""), httpx.RemoteProtocolError("Server disconnected without sending a response.")))
        return httpx.Response(exchange.status, headers=exchange.headers, stream=_Body(exchange, patience))

    def _serve(self, exchange: _Exchange, request: httpx.Request, body: bytes, fate: str) -> None:
        loop = asyncio.get_running_loop()
        before = self._latency() + (
            self._dice.uniform(*self.weather.late) if fate in {"arrives_late", "broken_but_arrives", "gateway_gives_up"} else 0
        )
        after = self._latency() + (self._dice.uniform(*self.weather.late) if fate == "answer_late" else 0)
        task = self._outside.run(loop.create_task, self._server_side(exchange, request, body, before, after))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard, context=self._outside)

    async def _server_side(self, exchange: _Exchange, request: httpx.Request, body: bytes, before: float, after: float) -> None:
        await asyncio.sleep(before)
        exchange.wire.arrived_at = asyncio.get_running_loop().time()
        self.arrivals += 1
        exchange.wire.arrival = self.arrivals
        SERVED.set(exchange.wire)
        inbox = [{"type": "http.request", "body": body}]
        closed = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if inbox:
                return inbox.pop()
            await closed.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                exchange.status, exchange.headers = message["status"], message["headers"]
                await asyncio.sleep(after)
                exchange.head.set()
            else:
                exchange.chunks.append(message["body"])
                if not message.get("more_body"):
                    exchange.ended.set()

        def close() -> None:
            exchange.broken = True
            closed.set()

        scope = _scope(request) | {"state": {CLOSE_CONNECTION: close}}
        try:
            await self._sandbox(scope, receive, send)
        except ConnectionLost:
            exchange.broken = True
        if exchange.wire.is_list:
            self.listed(exchange.wire)
        exchange.head.set()
        exchange.ended.set()

    def _note_commits(self, sandbox: Sandbox) -> None:
        create = sandbox.tasks.create

        def noted(*args: Any, **more: Any) -> Any:
            task = create(*args, **more)
            wire = SERVED.get()
            if wire is not None:
                wire.done_at, wire.task_id = asyncio.get_running_loop().time(), task.id
            return task

        sandbox.tasks.create = noted

    def _fate(self, request: httpx.Request) -> str:
        weather = self.weather
        if weather.only_writes and request.method == "GET":
            return ""
        dice = self._dice.random()
        for name in (
            "refused",
            "no_connection",
            "lost_on_the_way",
            "broken_but_arrives",
            "arrives_late",
            "gateway_gives_up",
            "answer_late",
        ):
            dice -= getattr(weather, name)
            if dice < 0:
                self.fates[name] = self.fates.get(name, 0) + 1
                return name
        return ""

    def _latency(self) -> float:
        return self._dice.uniform(*self.weather.latency)

    async def quiet(self) -> None:
        """Return when the server has nothing left to do."""
        while self._serving:
            await asyncio.wait(list(self._serving))


class _Body(httpx.AsyncByteStream):
    def __init__(self, exchange: _Exchange, patience: float | None) -> None:
        self._exchange = exchange
        self._patience = patience

    async def __aiter__(self) -> AsyncIterator[bytes]:
        exchange = self._exchange
        try:
            await _within(exchange.ended, self._patience)
        except BaseException:
            exchange.wire.given_up_at = asyncio.get_running_loop().time()
            raise
        for chunk in exchange.chunks:
            yield chunk
        if exchange.broken:
            exchange.wire.given_up_at = asyncio.get_running_loop().time()
            raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")
        exchange.wire.kept = exchange.status if _is_json(b"".join(exchange.chunks)) else None


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


async def _within(event: asyncio.Event, seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        raise httpx.ReadTimeout("") from None


def _scope(request: httpx.Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.split(b"?")[0],
        "query_string": request.url.query,
        "server": (request.url.host, 443),
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }
