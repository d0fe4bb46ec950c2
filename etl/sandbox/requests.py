"""What was asked?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, read to its end.

    Attributes:
        method: In capitals.
        path: Without the query.
        identifier: The id in the path, empty where the path has none.
        query: Decoded names and values, in order.
        headers: By lower-case name.
        body: As sent.
    """

    method: str
    path: str
    identifier: str
    query: list[tuple[str, str]]
    headers: dict[bytes, bytes]
    body: bytes

    def header(self, name: bytes) -> str:
        """A header's value, empty where it is absent."""
        return self.headers.get(name, b"").decode("latin-1")

    @property
    def idempotency_key(self) -> str:
        """The Idempotency-Key, empty where none was sent or the method takes none."""
        return self.header(b"idempotency-key") if self.method == "POST" else ""


@dataclass(frozen=True, slots=True)
class Visit:
    """What became of one request; kept for tests and auditors.

    Attributes:
        method: In capitals.
        path: Without the query.
        status: The status that was sent; None when the connection was closed without one.
        idempotency_key: Empty where there was none.
        executed: The call was carried out: neither refused nor answered from a stored response.
        trouble: The fault that it met, or None.
        arrived_at: UTC, when the request had been read.
    """

    method: str
    path: str
    status: int | None
    idempotency_key: str
    executed: bool
    trouble: str | None
    arrived_at: datetime


async def read_request(scope: Scope, receive: Receive) -> Request | None:
    """Read a request to its end; None when the client left before."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    return Request(
        method=scope["method"],
        path=scope["path"],
        identifier=scope.get("path_params", {}).get("id", ""),
        query=parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True),
        headers={name.lower(): value for name, value in scope["headers"]},
        body=b"".join(chunks),
    )
