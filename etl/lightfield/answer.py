"""What came back from one request, or why nothing did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Category(StrEnum):
    """The API's rate-limit categories; each has a bucket of its own."""

    WRITE = "write"
    READ = "read"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class RateReading:
    """``X-RateLimit-*`` of one answer: capacity, and what is left of it. None where absent or odd."""

    limit: int | None = None
    remaining: int | None = None


@dataclass(frozen=True, slots=True)
class ApiFault:
    """The API's error object, wrapped in ``error`` or bare. Every part may be missing."""

    type: str | None = None
    code: str | None = None
    param: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, whatever its status.

    Attributes:
        status: HTTP status.
        body: The parsed JSON object, or None when the body is no JSON object.
        fault: The error object of a 4xx or 5xx, else None.
        rate: The rate-limit headers.
        retry_after_seconds: ``Retry-After``, given as seconds or as a date (read against the answer's own Date), never negative;
            None where absent or odd.
        server_time: The ``Date`` header, UTC, None where absent or odd.
        latency_seconds: From sending to the last byte.
    """

    status: int
    body: dict[str, Any] | None
    fault: ApiFault | None
    rate: RateReading
    retry_after_seconds: float | None
    server_time: datetime | None
    latency_seconds: float


class NoAnswerError(Exception):
    """The request got no HTTP answer.

    Attributes:
        kind: A stable code: ``connect_failed``, ``connect_timeout``, ``pool_timeout``, ``read_timeout``, ``write_timeout``,
            ``connection_lost``, ``bad_answer``.
        may_be_executed: False only when no byte of the request can have reached the server.
    """

    def __init__(self, kind: str, message: str, *, may_be_executed: bool) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.may_be_executed = may_be_executed
