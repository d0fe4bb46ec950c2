"""A sandbox in the process, a clock that moves when told, and a raw client for real sockets."""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from etl.sandbox.app import Sandbox
from etl.sandbox.workspace import Workspace

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
HEADERS = {"authorization": "Bearer sk_lf_sandbox", "lightfield-version": "2026-03-01"}
TASK = {"fields": {"$title": "Call back", "$status": "TODO"}, "relationships": {"$assignedTo": "mem_000002"}}


class ManualClock:
    """Stands still until told; who sleeps is woken when their time has come."""

    def __init__(self) -> None:
        self._now = START
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now + timedelta(seconds=seconds), woken))
        await woken

    def advance(self, **period: float) -> None:
        self._now += timedelta(**period)
        for moment, woken in self._sleepers:
            if moment <= self._now and not woken.done():
                woken.set_result(None)


@dataclass
class Answered:
    """What a client saw."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def error(self) -> dict[str, Any]:
        return self.body["error"]


@dataclass
class Caller:
    """Talks to a sandbox in this process; a header given as None is left out."""

    sandbox: Sandbox

    async def __call__(self, method: str, path: str, body: Any = None, **headers: str | None) -> Answered:
        sent = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
        transport = httpx.ASGITransport(self.sandbox)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            answer = await client.request(
                method, path, json=body, headers={name: value for name, value in sent.items() if value is not None}
            )
        return Answered(answer.status_code, dict(answer.headers), answer.json() if answer.content else None)


class RawClient:
    """One request over a socket of its own, and every byte that comes back until the server closes or is done."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname, parts.port)

    def post(self, path: str, key: str | None = None, timeout: float = 5.0) -> bytes:
        content = json.dumps(TASK).encode()
        headers = HEADERS | {"Host": "sandbox", "Content-Type": "application/json", "Content-Length": str(len(content))}
        if key is not None:
            headers["Idempotency-Key"] = key
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        with socket.create_connection(self._address, timeout=timeout) as connection:
            connection.sendall(f"POST {path} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode() + content)
            received = b""
            while chunk := connection.recv(65536):  # empty when the server has closed in an orderly way; a reset raises
                received += chunk
        return received


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def workspace():
    return Workspace.sample()


@pytest.fixture
def sandbox(workspace, clock):
    return Sandbox(workspace, clock=clock)


@pytest.fixture
def call(sandbox):
    """One call after the other, each in an event loop of its own."""

    def answered(*args: Any, **headers: str | None) -> Answered:
        return asyncio.run(Caller(sandbox)(*args, **headers))

    return answered


@pytest.fixture
def caller():
    """Makes an async caller, for several calls in one event loop or a sandbox of the test's own."""
    return Caller


@pytest.fixture
def raw():
    """Makes a raw client for a URL."""
    return RawClient


@pytest.fixture
def task():
    """The body of a valid create."""
    return json.loads(json.dumps(TASK))
