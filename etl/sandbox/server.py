"""Serves the sandbox on this machine, and nowhere else."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from etl.sandbox.app import Sandbox
from etl.sandbox.delivery import CLOSE_CONNECTION

LOOPBACK = "127.0.0.1"
_BACKLOG = 2048
_STARTS_WITHIN_SECONDS = 10.0


class _Protocol(H11Protocol):
    """Uvicorn's HTTP, which also lets the application close its connection: ASGI has no word for that."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, CLOSE_CONNECTION: transport.close}

    def send_400_response(self, msg: str) -> None:
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:
            # What cannot be understood came in the middle of an answer, or after a HEAD: there is no room for one that says so.
            self.transport.close()


class _Server(uvicorn.Server):
    """Uvicorn's server, which says when it is ready, and ends without waiting for slow answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.force_exit = True
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  the signature of a signal handler
        # Without uvicorn's own, which raises the signal again afterwards: the caller says what the exit code is.
        self.should_exit = True


def _configured(sandbox: Sandbox) -> _Server:
    config = uvicorn.Config(
        sandbox,
        http=_Protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        date_header=False,
        server_header=False,
        access_log=False,
        log_config=None,
        # Errors of the sandbox are kept in ``crashes`` and raised at the end; the others are those of clients who left.
        log_level="critical",
        backlog=_BACKLOG,
    )
    return _Server(config)


def _bound(port: int) -> socket.socket:
    # asyncio sets TCP_NODELAY only where the protocol is named; without it each answer on a kept connection takes 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOOPBACK, port))
        # From here on a client that knows the port is kept waiting, not refused.
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def _url(listening: socket.socket) -> str:
    return f"http://{LOOPBACK}:{listening.getsockname()[1]}"


def _raise_crash(sandbox: Sandbox) -> None:
    if sandbox.crashes:
        raise sandbox.crashes[0]


def serve(sandbox: Sandbox, *, host: str = LOOPBACK, port: int = 0, announce: Callable[[str], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM, then return.

    Args:
        sandbox: What to serve.
        host: 127.0.0.1 or localhost.
        port: 0 for a free one.
        announce: Called with the URL before the first request is taken.

    Raises:
        ValueError: Another host: the practise key opens the sandbox to everybody who reaches it.
        OSError: The port is taken.
    """
    if host not in (LOOPBACK, "localhost"):
        raise ValueError(f"The sandbox is served on {LOOPBACK} only, not on '{host}'.")
    with _bound(port) as listening:
        if announce is not None:
            announce(_url(listening))
        _configured(sandbox).run(sockets=[listening])
    _raise_crash(sandbox)


class ServerThread:
    """A server in a thread of its own, for as long as the ``with`` block lasts.

    Args:
        sandbox: What to serve.
        port: 0 for a free one.

    Attributes:
        url: Like ``http://127.0.0.1:40123``; known inside the block.
    """

    url: str

    def __init__(self, sandbox: Sandbox, port: int = 0) -> None:
        self._sandbox = sandbox
        self._port = port

    def __enter__(self) -> Self:
        self._listening = _bound(self._port)
        self.url = _url(self._listening)
        self._server = _configured(self._sandbox)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listening]}, name="sandbox", daemon=True)
        self._thread.start()
        if not self._server.ready.wait(_STARTS_WITHIN_SECONDS):
            raise TimeoutError(f"The sandbox did not start within {_STARTS_WITHIN_SECONDS:.0f} s.")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listening.close()
        if error is None:
            _raise_crash(self._sandbox)
