"""How else do rows become tasks today? Each way as its users write it, in a process of its own.

    python tests/benchmarks/ways.py NAME URL ROWS

sends rows 0 to ROWS - 1. What a way gives up is left out, without a word: the server knows what it has.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from contestants import API_KEY, HEADERS, task

IN_FLIGHT = 20
LIMIT_PER_SECOND = 25
ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Way:
    """One way.

    Attributes:
        packages: What it needs beside what is there anyway, as the package index calls them.
        send: Takes the URL and the number of rows, and returns when it is done.
    """

    packages: tuple[str, ...]
    send: Callable[[str, int], None]


def sdk_sync(url: str, rows: int) -> None:
    """The official SDK, a loop; it tries again by itself."""
    from lightfield import Lightfield, LightfieldError

    with Lightfield(api_key=API_KEY, base_url=url) as client:
        for number in range(rows):
            with suppress(LightfieldError):
                client.task.create(**task(number))


def sdk_async(url: str, rows: int) -> None:
    """The same with several in flight."""
    from lightfield import AsyncLightfield, LightfieldError

    async def send() -> None:
        async with AsyncLightfield(api_key=API_KEY, base_url=url) as client:

            async def create(number: int) -> None:
                with suppress(LightfieldError):
                    await client.task.create(**task(number))

            await _side_by_side(create, rows)

    asyncio.run(send())


def bare_httpx(url: str, rows: int) -> None:
    """Several in flight, no limit, no second attempt."""
    import httpx

    async def send() -> None:
        async with httpx.AsyncClient(base_url=url, headers=HEADERS) as client:

            async def create(number: int) -> None:
                with suppress(httpx.HTTPError):
                    (await client.post("/v1/tasks", json=task(number))).raise_for_status()

            await _side_by_side(create, rows)

    asyncio.run(send())


def bare_aiohttp(url: str, rows: int) -> None:
    """The same with aiohttp."""
    import aiohttp

    async def send() -> None:
        async with aiohttp.ClientSession(url, headers=HEADERS) as client:

            async def create(number: int) -> None:
                with suppress(aiohttp.ClientError):
                    async with client.post("/v1/tasks", json=task(number)) as response:
                        response.raise_for_status()
                        await response.json()

            await _side_by_side(create, rows)

    asyncio.run(send())


def limited_httpx(url: str, rows: int, *, with_key: bool) -> None:
    """What a careful script does: a rate limiter before each attempt, retries with a growing wait; the key is made of the row."""
    import httpx
    from aiolimiter import AsyncLimiter
    from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

    limiter = AsyncLimiter(LIMIT_PER_SECOND, 1)
    again = AsyncRetrying(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_random_exponential(max=10),
        retry=retry_if_exception_type(httpx.HTTPError),
        reraise=True,
    )

    async def send() -> None:
        async with httpx.AsyncClient(base_url=url, headers=HEADERS) as client:

            async def attempt(number: int) -> None:
                key = {"Idempotency-Key": f"row-{number}"} if with_key else {}
                async with limiter:
                    (await client.post("/v1/tasks", json=task(number), headers=key)).raise_for_status()

            async def create(number: int) -> None:
                with suppress(httpx.HTTPError):
                    await again.copy()(attempt, number)

            await _side_by_side(create, rows)

    asyncio.run(send())


def dlt_destination(url: str, rows: int) -> None:
    """A pipeline into a custom destination, one row a batch; dlt's own HTTP helper tries again."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    import dlt
    from dlt.sources.helpers import requests

    @dlt.destination(batch_size=1, name="lightfield")
    def lightfield(items: list[dict[str, Any]], _table: Any) -> None:
        for item in items:
            requests.post(f"{url}/v1/tasks", json=task(item["number"]), headers=HEADERS)

    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline("peers", destination=lightfield, pipelines_dir=folder)
        pipeline.run([{"number": number} for number in range(rows)], table_name="tasks")


def drt_rest_api(url: str, rows: int) -> None:
    """The destination ``rest_api``, its key made of the row; its ledger needs a warehouse, which nobody has for a file."""
    from drt.config.models import RateLimitConfig, RestApiDestinationConfig, RetryConfig, SyncOptions
    from drt.destinations.rest_api import RestApiDestination

    config = RestApiDestinationConfig(
        type="rest_api",
        url=f"{url}/v1/tasks",
        headers=HEADERS,
        native_idempotency_key="{{ row.fields['$title'] }}",
        rate_limit=RateLimitConfig(requests_per_second=LIMIT_PER_SECOND, burst=LIMIT_PER_SECOND),
        retry=RetryConfig(max_attempts=ATTEMPTS),
    )
    RestApiDestination().load([task(number) for number in range(rows)], config, SyncOptions(on_error="skip"))


WAYS: dict[str, Way] = {
    "official SDK, a loop": Way(("lightfield",), sdk_sync),
    f"official SDK, async, {IN_FLIGHT} in flight": Way(("lightfield",), sdk_async),
    f"bare httpx, {IN_FLIGHT} in flight": Way(("httpx",), bare_httpx),
    f"bare aiohttp, {IN_FLIGHT} in flight": Way(("aiohttp",), bare_aiohttp),
    "httpx + aiolimiter + tenacity": Way(("aiolimiter", "tenacity"), lambda url, rows: limited_httpx(url, rows, with_key=False)),
    "the same with a key from the row": Way(("aiolimiter", "tenacity"), lambda url, rows: limited_httpx(url, rows, with_key=True)),
    "dlt, a custom destination": Way(("dlt",), dlt_destination),
    "drt, `rest_api`, key from the row": Way(("drt-core",), drt_rest_api),
}


async def _side_by_side(create: Callable[[int], Awaitable[None]], rows: int) -> None:
    numbers = iter(range(rows))

    async def one_after_the_other() -> None:
        for number in numbers:
            await create(number)

    await asyncio.gather(*(one_after_the_other() for _ in range(IN_FLIGHT)))


if __name__ == "__main__":
    WAYS[sys.argv[1]].send(sys.argv[2], int(sys.argv[3]))
