"""What does the API answer, and what when it refuses?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and its JSON, ready to send.

    Attributes:
        status: HTTP status.
        body: The encoded body.
        content_type: ``application/json`` but for an answer that a fault garbled.
        retry_after_seconds: Sent as ``Retry-After`` where given.
    """

    status: int
    body: bytes
    content_type: bytes = b"application/json"
    retry_after_seconds: int | None = None


class RefusalError(Exception):
    """A request that the API answers with its error object.

    Attributes:
        status: HTTP status.
        kind: The documented ``type``.
        message: For people.
        code: The documented ``code`` of a 400.
        param: The place in the request: ``fields.$dueAt``, ``relationships.$account``, ``Idempotency-Key``.
    """

    def __init__(self, status: int, kind: str, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.code = code
        self.param = param

    def answer(self) -> Answer:
        """The error object inside its ``error`` wrapper."""
        error = {"type": self.kind, "message": self.message, "code": self.code, "param": self.param}
        body = {"error": {key: value for key, value in error.items() if value is not None}}
        return Answer(self.status, encode(body))


def encode(body: dict[str, Any]) -> bytes:
    """Compact JSON in UTF-8; half a surrogate pair, which UTF-8 cannot say, becomes ``?``."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def bad_request(code: str, message: str, param: str | None = None) -> RefusalError:
    """A 400 with its code."""
    return RefusalError(400, "bad_request", message, code=code, param=param)


def not_found(message: str) -> RefusalError:
    """A 404."""
    return RefusalError(404, "not_found", message)


def unprocessable(message: str, param: str) -> RefusalError:
    """A 422: well-formed, but against a rule of the object."""
    return RefusalError(422, "unprocessable_content", message, param=param)
