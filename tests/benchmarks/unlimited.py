"""What does a Lightfield cost that has no limit and takes no time? A server that is far cheaper than any client.

    python tests/benchmarks/unlimited.py        # prints its URL, serves until it is ended

Creates are answered in full and held by their Idempotency-Key; everything that is read is the sandbox's own answer. The limits that it
advertises are a million a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import httpx

from etl.sandbox.app import Sandbox
from etl.sandbox.limits import Limits
from etl.sandbox.workspace import SANDBOX_KEY, Workspace

_FIELDS = {"$title": "TEXT", "$status": "SINGLE_SELECT", "$description": "MARKDOWN", "$dueAt": "DATETIME"}
_RELATED = {
    "$assignedTo": ("HAS_ONE", "member"),
    "$createdBy": ("HAS_ONE", "member"),
    "$account": ("HAS_ONE", "account"),
    "$opportunity": ("HAS_ONE", "opportunity"),
    "$note": ("HAS_MANY", "note"),
}


class Unlimited:
    """Its tasks by Idempotency-Key, and how many it made."""

    def __init__(self) -> None:
        self.made = 0
        self._by_key: dict[bytes, bytes] = {}
        self._reads: dict[str, bytes] = {}
        self._sandbox = httpx.AsyncClient(
            transport=httpx.ASGITransport(Sandbox(Workspace.sample(), limits=Limits.unlimited())),
            base_url="http://sandbox",
            headers={"Authorization": f"Bearer {SANDBOX_KEY}", "Lightfield-Version": "2026-03-01"},
        )

    def create(self, key: bytes | None, body: bytes) -> bytes:
        """The answer to a create; the first one's to each further request of its key."""
        if key is not None and key in self._by_key:
            return self._by_key[key]
        self.made += 1
        answer = _shown(f"tsk_{self.made:017d}", json.loads(body))
        if key is not None:
            self._by_key[key] = answer
        return answer

    async def read(self, path: str) -> bytes:
        """What the sandbox says, or how many tasks there are."""
        if path == "/made":
            return json.dumps(self.made).encode()
        if path not in self._reads:
            self._reads[path] = (await self._sandbox.get(path)).content
        return self._reads[path]


def _shown(task_id: str, body: dict[str, Any]) -> bytes:
    fields, related = body.get("fields", {}), body.get("relationships", {})
    task = {
        "id": task_id,
        "createdAt": time.strftime("%Y-%m-%dT%H:%M:%S.999Z", time.gmtime()),
        "updatedAt": None,
        "httpLink": f"https://sandbox.invalid/tasks/{task_id}",
        "fields": {name: {"value": fields.get(name), "valueType": kind} for name, kind in _FIELDS.items()},
        "relationships": {
            name: {"cardinality": many, "objectType": kind, "values": _listed(related.get(name))} for name, (many, kind) in _RELATED.items()
        },
    }
    return json.dumps(task, separators=(",", ":")).encode()


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


class _Visit(asyncio.Protocol):
    """One connection: requests one after the other, each with a Content-Length or no body."""

    def __init__(self, service: Unlimited) -> None:
        self._service = service
        self._buffer = b""
        self._transport: Any = None
        self._reading: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer what is complete."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            lowered = head.lower()
            length = int(_header(lowered, head, b"\r\ncontent-length:") or 0)
            if len(self._buffer) < end + 4 + length:
                return
            body, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
            if head.startswith(b"POST"):
                self._answer(self._service.create(_header(lowered, head, b"\r\nidempotency-key:"), body))
            else:
                task = asyncio.ensure_future(self._read(head.split(b" ", 2)[1].decode()))
                self._reading.add(task)
                task.add_done_callback(self._reading.discard)

    async def _read(self, path: str) -> None:
        self._answer(await self._service.read(path))

    def _answer(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\n%s\r\nContent-Length: %d\r\n\r\n" % (_common_headers(int(time.time())), len(body))
        self._transport.write(head + body)


def _header(lowered: bytes, head: bytes, name: bytes) -> bytes | None:
    place = lowered.find(name)
    if place < 0:
        return None
    begin = place + len(name)
    end = head.find(b"\r\n", begin)
    return head[begin : None if end < 0 else end].strip()


def _common_headers(now: int, kept: dict[int, bytes] = {}) -> bytes:  # noqa: B006  a cache of one second
    if now not in kept:
        kept.clear()
        kept[now] = (
            f"Date: {formatdate(now, usegmt=True)}\r\nContent-Type: application/json\r\nX-RateLimit-Limit: 1000000\r\n"
            f"X-RateLimit-Remaining: 1000000\r\nX-RateLimit-Reset: {now + 1}"
        ).encode()
    return kept[now]


@contextlib.contextmanager
def unlimited() -> Iterator[str]:
    """The URL of a server in a process of its own."""
    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def tasks_made(url: str) -> int:
    """How many tasks the server has made."""
    return int(httpx.get(f"{url}/made").text)


async def _serve() -> None:
    service = Unlimited()
    server = await asyncio.get_running_loop().create_server(lambda: _Visit(service), "127.0.0.1", 0)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve())
