"""What does a client get to see when something goes wrong?"""

from __future__ import annotations

from enum import Enum
from random import Random

from etl.sandbox.answers import Answer, RefusalError
from etl.sandbox.faults import Trouble
from etl.sandbox.limits import Reading

_PORTAL = Answer(200, b"<html><body><h1>Sign in to continue</h1></body></html>", content_type=b"text/html")
_INTERNAL = (500, "internal_server_error")
_UNAVAILABLE = (503, "service_unavailable")
_TIMEOUT = (504, "gateway_timeout")


class Ending(Enum):
    """How much of an answer arrives."""

    COMPLETE = "complete"
    HALF = "half"
    NOTHING = "nothing"


_ENDINGS = {
    Trouble.LOST_BEFORE_COMMIT: Ending.NOTHING,
    Trouble.LOST_AFTER_COMMIT: Ending.NOTHING,
    Trouble.TRUNCATED: Ending.HALF,
}


def ending(trouble: Trouble | None) -> Ending:
    """How much of the answer arrives under that trouble."""
    return _ENDINGS.get(trouble, Ending.COMPLETE) if trouble else Ending.COMPLETE


def refuse_before_commit(trouble: Trouble | None, random: Random) -> None:
    """Fail where the trouble strikes before anything is done.

    Raises:
        RefusalError: 500 or 503.
    """
    if trouble in (Trouble.ERROR_BEFORE, Trouble.LOST_BEFORE_COMMIT):
        raise _failure(*random.choice((_INTERNAL, _UNAVAILABLE)))


def spoiled(answer: Answer, trouble: Trouble | None, random: Random) -> Answer:
    """The answer that is sent instead of a success, under troubles that strike after it."""
    if answer.status == 200 and trouble is Trouble.ERROR_AFTER:  # noqa: PLR2004  a status
        return _failure(*random.choice((_INTERNAL, _TIMEOUT))).answer()
    if answer.status == 200 and trouble is Trouble.NOT_JSON:  # noqa: PLR2004  a status
        return _PORTAL
    return answer


def too_many_requests(reading: Reading) -> Answer:
    """The 429 of an empty bucket."""
    refused = RefusalError(429, "too_many_requests", "Rate limit exceeded. Please try again later.").answer()
    return Answer(refused.status, refused.body, retry_after_seconds=reading.retry_after_seconds)


def _failure(status: int, kind: str) -> RefusalError:
    return RefusalError(status, kind, "Something went wrong on the sandbox's side, as it was asked to.")
