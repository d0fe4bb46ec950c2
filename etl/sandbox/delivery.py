"""How does an answer, or its absence, reach the client?"""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime

from starlette.types import Receive, Scope, Send

from etl.sandbox.answers import Answer
from etl.sandbox.limits import Reading
from etl.sandbox.mishap import Ending

# What our server puts into the scope's ``state``: closes the connection at once, whatever was sent of the answer.
CLOSE_CONNECTION = "sandbox.close_connection"


class ConnectionLost(Exception):  # noqa: N818  it is what happened to the client, no fault of the sandbox
    """The connection closed before the answer was complete; raised where there is no connection, with an in-process transport."""


def header_fields(answer: Answer, reading: Reading, now: datetime) -> list[tuple[bytes, bytes]]:
    """The headers of an answer.

    Args:
        answer: The answer.
        reading: What the bucket said.
        now: The server's time, UTC.
    """
    fields = [
        (b"date", format_datetime(now, usegmt=True).encode()),
        (b"content-type", answer.content_type),
        (b"content-length", b"%d" % len(answer.body)),
        (b"x-ratelimit-limit", b"%d" % reading.capacity),
        (b"x-ratelimit-remaining", b"%d" % reading.remaining),
        (b"x-ratelimit-reset", b"%d" % reading.full_at),
    ]
    if answer.retry_after_seconds is not None:
        fields.append((b"retry-after", b"%d" % answer.retry_after_seconds))
    return fields


async def deliver(answer: Answer, fields: list[tuple[bytes, bytes]], ending: Ending, connection: tuple[Scope, Receive, Send]) -> None:
    """Send an answer, half of it, or nothing.

    Args:
        answer: The answer.
        fields: Its headers.
        ending: How much of it arrives.
        connection: What ASGI handed in.

    Raises:
        ConnectionLost: The ending is not complete, and there is no real connection to close.
    """
    scope, receive, send = connection
    if ending is Ending.COMPLETE:
        await send({"type": "http.response.start", "status": answer.status, "headers": fields})
        await send({"type": "http.response.body", "body": answer.body})
        return
    close = scope.get("state", {}).get(CLOSE_CONNECTION)
    if close is None:
        raise ConnectionLost("The sandbox closed the connection.")
    if ending is Ending.HALF:
        await send({"type": "http.response.start", "status": answer.status, "headers": fields})
        await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
    close()
    # To return before the server has noticed would be an error of the application to it, answered with a 500.
    while (await receive())["type"] != "http.disconnect":
        pass
