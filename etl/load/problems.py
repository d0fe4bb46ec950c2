"""How is a row's trouble with the API told to a person?"""

from __future__ import annotations

from etl.lightfield.answer import Answer
from etl.load.verdict import Verdict
from etl.records import Problem

TOO_OLD = "too_old_to_resend"
STOPPED = "stopped"
NOT_RECORDED = "not_recorded"

_ADVICE = {
    "referenced_resource_missing": "look the id up in Lightfield, or map the field by a lookup",
    "relationship_entity_missing": "look the id up in Lightfield, or map the field by a lookup",
    "relationship_entity_inactive": "choose an active member or record",
    "unknown_field": "correct the name under map: tasks take no custom fields",
    "unknown_relationship": "correct the slug under map",
    "invalid_type": "correct the value in the source, or convert it under map",
    "parameter_missing": "fill the cell in the source, or give a default with empty:",
    "forbidden": "give the API key the scope that is named, or leave the field out",
    "not_found": "it may have been deleted: look for it in Lightfield",
}
_PREFIXES = ("fields.", "relationships.")


def refusal(verdict: Verdict, answer: Answer | None) -> Problem:
    """What the API, or the lack of its answer, says of a row, with what to do about it."""
    fault = answer.fault if answer else None
    code = (fault.code or fault.type if fault else None) or verdict.code
    words = f"{verdict.sentence}: {fault.message}" if fault and fault.message else verdict.sentence
    status = f" (HTTP {answer.status})" if answer else ""
    advice = _ADVICE.get(code) or _ADVICE.get(verdict.code)
    return Problem(code, _field(fault.param if fault else None), f"{words}{status}" + (f"; {advice}" if advice else ""))


def in_doubt(problem: Problem) -> Problem:
    """The same trouble of a row of which an attempt may have been executed."""
    return Problem(
        problem.code,
        problem.field,
        f"{problem.message}; an earlier attempt may have been executed, so the task may be in Lightfield: run the same command again",
    )


def not_recorded(task: str | None) -> Problem:
    """Of a row that was written, as its answer says, while the ledger could not take that in."""
    which = f"with {task}" if task else "that it is written"
    return Problem(
        NOT_RECORDED, None, f"Lightfield answered {which}, but the ledger could not note it: run the same command again, which settles it"
    )


def _field(param: str | None) -> str | None:
    """``fields.$dueAt`` to ``$dueAt``: the name under ``map``."""
    for prefix in _PREFIXES:
        if param and param.startswith(prefix):
            return param.removeprefix(prefix)
    return param
