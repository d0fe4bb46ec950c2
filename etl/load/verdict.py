"""What does an answer, or the lack of one, mean for its row?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from etl.lightfield.answer import Answer, NoAnswerError
from etl.lightfield.models import is_identity


class Kind(StrEnum):
    """What to do."""

    DONE = "done"
    RETRY = "retry"
    FAIL_ROW = "fail_row"
    STOP_RUN = "stop_run"


class Executed(StrEnum):
    """Can this attempt have changed anything in Lightfield?"""

    NO = "no"
    MAYBE = "maybe"
    YES = "yes"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one attempt comes to.

    Attributes:
        kind: What to do.
        executed: Can it have changed anything?
        code: Stable, ours; the API's own code goes before it in reports.
        sentence: What happened, for people.
        counts: It uses up one of the attempts.
    """

    kind: Kind
    executed: Executed
    code: str
    sentence: str
    counts: bool = True


_DONE, _RETRY, _FAIL, _STOP = Kind.DONE, Kind.RETRY, Kind.FAIL_ROW, Kind.STOP_RUN
_NO, _MAYBE, _YES = Executed.NO, Executed.MAYBE, Executed.YES

TABLE: dict[int, Verdict] = {
    200: Verdict(_DONE, _YES, "done", "written"),
    300: Verdict(_FAIL, _NO, "redirected", "the address redirects elsewhere, where the API key is not sent: check the base URL"),
    400: Verdict(_FAIL, _NO, "bad_request", "Lightfield refused the row"),
    401: Verdict(_STOP, _NO, "unauthorized", "Lightfield does not accept the API key: it is wrong or was revoked"),
    403: Verdict(_STOP, _NO, "forbidden", "the API key lacks a scope that this needs"),
    404: Verdict(_FAIL, _NO, "not_found", "Lightfield does not know it"),
    408: Verdict(_RETRY, _MAYBE, "request_timeout", "Lightfield did not read the request in time"),
    409: Verdict(_RETRY, _MAYBE, "conflict", "an earlier request for the same is still under way"),
    413: Verdict(_FAIL, _NO, "too_large", "the row is larger than Lightfield takes: shorten its description"),
    415: Verdict(
        _FAIL, _NO, "unsupported_media_type", "Lightfield did not understand the request's form: please report this, it is a fault of ours"
    ),
    422: Verdict(_FAIL, _NO, "unprocessable_content", "Lightfield refused the row"),
    429: Verdict(_RETRY, _NO, "too_many_requests", "the rate limit is reached", counts=False),
    499: Verdict(_FAIL, _NO, "refused", "Lightfield refused the request"),
    500: Verdict(_RETRY, _MAYBE, "internal_server_error", "Lightfield had an error of its own"),
    503: Verdict(_RETRY, _MAYBE, "service_unavailable", "Lightfield is not available"),
    504: Verdict(_RETRY, _MAYBE, "gateway_timeout", "Lightfield did not answer its own gateway in time"),
}
"""By HTTP status. One that is not in it is judged as the entry of its class below."""

_CLASSES = {2: 200, 3: 300, 4: 499, 5: 500}
_UNREADABLE = Verdict(_RETRY, _MAYBE, "unreadable_answer", "Lightfield's answer could not be read")
_ROW_MAY_NOT = Verdict(_FAIL, _NO, "forbidden", "the API key may not do this to this row")


def judge(result: Answer | NoAnswerError, *, needs_body: bool = True, key_has_written: bool = False) -> Verdict:
    """What an attempt comes to.

    Args:
        result: What came back, or why nothing did.
        needs_body: A success without an object that has an id is unreadable; False for writes that may be answered empty.
        key_has_written: This run has already written with this key: a 403 is then the row's own trouble.
    """
    if isinstance(result, NoAnswerError):
        return Verdict(_RETRY, _MAYBE if result.may_be_executed else _NO, result.kind, result.message)
    verdict = TABLE.get(result.status) or TABLE.get(_CLASSES.get(result.status // 100, 0), _UNREADABLE)
    if verdict.kind is _DONE and needs_body and not is_identity((result.body or {}).get("id")):
        return _UNREADABLE
    if result.status == HTTPStatus.FORBIDDEN and key_has_written:
        return _ROW_MAY_NOT
    return verdict


def judge_read(result: Answer | NoAnswerError) -> Verdict:
    """The same for a read, whose success is any JSON object."""
    verdict = judge(result, needs_body=False)
    if verdict.kind is _DONE and isinstance(result, Answer) and result.body is None:
        return _UNREADABLE
    return verdict
