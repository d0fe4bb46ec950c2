"""How does a message reach a webhook? Its URL is a secret: whatever goes wrong is told without it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from etl.clock import Clock
from etl.config.webhook import is_this_machine
from etl.lean_httpx import httpx

TIMEOUT_SECONDS = 10.0
"""Of one try, from its first byte to its answer."""

_TRIES = 2
_PAUSE_SECONDS = 1.0
_OK_CLASS = 2
_NO_USE_TO_REPEAT = range(300, 500)


class WebhookError(Exception):
    """The message did not arrive; the text says why, and nothing of where to."""


class _MayPassError(WebhookError):
    """Another try could succeed."""


async def post(url: str, body: Mapping[str, Any], *, clock: Clock, transport: httpx.AsyncBaseTransport | None = None) -> None:
    """Deliver one message; tried twice.

    Args:
        url: https, or http on this machine.
        body: A JSON object.
        clock: Waits between the tries.
        transport: Stands in for the network.

    Raises:
        WebhookError: It did not arrive.
    """
    # An http proxy from the environment would see what is sent to this machine in plain text.
    trust_env = not is_this_machine(urlsplit(url).hostname or "")
    # Redirects are not followed: they could lead anywhere.
    with _unlogged():
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=trust_env, transport=transport) as http:
            for left in reversed(range(_TRIES)):
                try:
                    await _try(http, url, body)
                except _MayPassError:
                    if not left:
                        raise
                    await clock.sleep(_PAUSE_SECONDS)
                else:
                    return


async def _try(http: httpx.AsyncClient, url: str, body: Mapping[str, Any]) -> None:
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            answer = await http.post(url, content=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    except (TimeoutError, httpx.TimeoutException):
        raise _MayPassError(f"no answer within {TIMEOUT_SECONDS:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
        # The error's own words may hold the address.
        raise _MayPassError(f"no connection ({type(error).__name__})") from None
    status = answer.status_code
    if status // 100 == _OK_CLASS:
        return
    kind = WebhookError if status in _NO_USE_TO_REPEAT and status != HTTPStatus.TOO_MANY_REQUESTS else _MayPassError
    raise kind(f"it answered {status}")


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep quiet: httpx logs the address of each request, which a scheduler that turned logging on would write down."""
    logger = logging.getLogger("httpx")

    def drop(_record: logging.LogRecord) -> bool:
        return False

    logger.addFilter(drop)
    try:
        yield
    finally:
        logger.removeFilter(drop)
