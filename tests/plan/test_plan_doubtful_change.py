"""A change in doubt: what the task says of it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from etl.plan.doubtful_change import Happened, happened
from etl.records import Operation, OperationKind


def operation(kind):
    content, replaced = ({"fields": {"$title": title}} for title in ("new", "old"))
    payload = {"fields": {"$title": "new"}} if kind is OperationKind.UPDATE else {}
    return Operation(kind, "1", b"", b"", payload, "k", task_id="tsk_1", content=content, replaced=replaced)


def task(title):
    return SimpleNamespace(fields={"$title": title}, relationships={})


@pytest.mark.parametrize(
    ("kind", "theirs", "protected", "expected"),
    [
        (OperationKind.UPDATE, task("new"), True, Happened.DONE),
        (OperationKind.UPDATE, task("new"), False, Happened.DONE),
        (OperationKind.UPDATE, task("old"), True, Happened.AGAIN),
        (OperationKind.UPDATE, task("old"), False, Happened.NOT_DONE),
        (OperationKind.UPDATE, task("by people"), True, Happened.NOT_DONE),
        (OperationKind.UPDATE, None, True, Happened.NOT_DONE),
        (OperationKind.TRASH, None, True, Happened.DONE),
        (OperationKind.TRASH, task("new"), True, Happened.NOT_DONE),
        (OperationKind.RESTORE, task("new"), True, Happened.DONE),
        (OperationKind.RESTORE, None, True, Happened.NOT_DONE),
    ],
)
def test_the_task_says_whether_it_happened(kind, theirs, protected, expected):
    assert happened(operation(kind), theirs, protected=protected) is expected


@pytest.mark.parametrize(
    ("title", "status", "expected"),
    [
        ("by people", "COMPLETE", Happened.DONE),
        ("old", "COMPLETE", Happened.PARTLY),
        ("by people", "TODO", Happened.NOT_DONE),
        ("by people", "CANCELLED", Happened.NOT_DONE),
    ],
)
def test_an_update_of_two_fields_was_done_where_one_is_there_and_the_other_is_not_as_it_was_either(title, status, expected):
    new, old = ({"fields": {"$title": word, "$status": state}} for word, state in (("new", "COMPLETE"), ("old", "TODO")))
    update = Operation(OperationKind.UPDATE, "1", b"", b"", new, "k", task_id="tsk_1", content=new, replaced=old)
    theirs = SimpleNamespace(fields={"$title": title, "$status": status}, relationships={})
    assert happened(update, theirs, protected=True) is expected
