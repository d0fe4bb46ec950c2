"""A server of raw bytes, for what no well-behaved server does."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime

import pytest

from etl.clock import SystemClock
from etl.lightfield.client import LightfieldClient
from etl.lightfield.secret import ApiKey

KEY = "sk_lf_very_secret_0123456789abcdef"


@contextlib.asynccontextmanager
async def raw_server(handle, ssl=None):
    """Runs ``handle(reader, writer)`` for each connection; gives the origin, which begins with http:// in any case."""
    handlers = set()

    async def serve(reader, writer):
        handlers.add(asyncio.current_task())
        try:
            await handle(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=ssl)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        # Sockets that are being closed, those of failed handshakes among them, are closed by the loop.
        await asyncio.sleep(0.02)


@pytest.fixture
def serving():
    return raw_server


@pytest.fixture
def client_of():
    """Builds a client of an origin, with short timeouts."""

    def build(origin, **more):
        settings = {"clock": SystemClock(), "timeout_seconds": 0.3, "connect_timeout_seconds": 0.3, **more}
        return LightfieldClient(origin, ApiKey(KEY), **settings)

    return build


class HandClock:
    """Moves when told."""

    def __init__(self):
        self.wall = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
        self.seconds = 0.0

    def now(self):
        return self.wall

    def elapsed_seconds(self):
        return self.seconds

    async def sleep(self, seconds):
        self.seconds += seconds


@pytest.fixture
def hand_clock():
    return HandClock()
