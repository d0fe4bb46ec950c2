"""What does each endpoint do?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from etl.sandbox.access import Access
from etl.sandbox.answers import RefusalError, not_found
from etl.sandbox.filters import read_page
from etl.sandbox.limits import Category
from etl.sandbox.records import Collection, Record
from etl.sandbox.requests import Request
from etl.sandbox.schema import ACCOUNT, CONTACT, MEMBER, OPPORTUNITY, ObjectType
from etl.sandbox.tasks import Tasks
from etl.sandbox.validation import checked_create, checked_update, parsed
from etl.sandbox.workspace import Workspace


@dataclass(slots=True)
class House:
    """All that the endpoints work on.

    Attributes:
        workspace: Members, accounts, opportunities, contacts.
        tasks: The tasks.
        list_lag_seconds: How old a task is before lists show it.
        retrieves_trashed: A task in the trash can be retrieved and updated; else both are a 404.
    """

    workspace: Workspace
    tasks: Tasks
    list_lag_seconds: float = 0.0
    retrieves_trashed: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """One request on its way into a call.

    Attributes:
        house: What it works on.
        request: The request.
        access: The rights of its key.
        now: The time of its commit, UTC.
    """

    house: House
    request: Request
    access: Access
    now: datetime


Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One endpoint.

    Attributes:
        method: HTTP method.
        path: With ``{id}`` where an id stands.
        run: Does it and gives the answer's JSON; raises RefusalError, and has then changed nothing.
        category: Whose bucket it draws on.
        scope: What the key must be allowed to do; None: nothing.
        operation: What an Idempotency-Key is scoped to; None: it takes none.
    """

    method: str
    path: str
    run: Callable[[Work], Body]
    category: Category
    scope: str | None
    operation: str | None = None


def validate(work: Work) -> Body:
    """``GET /v1/auth/validate``."""
    access = work.access
    return {"active": True, "tokenType": "api_key", "subjectType": access.subject, "scopes": sorted(access.scopes)}


def task_definitions(work: Work) -> Body:
    """``GET /v1/tasks/definitions``."""
    return work.house.workspace.task_type.definitions()


def create_task(work: Work) -> Body:
    """``POST /v1/tasks``."""
    house = work.house
    kind = house.workspace.task_type
    draft = checked_create(parsed(work.request.body), kind, house.workspace)
    return house.tasks.create(draft, work.now, creator=work.access.member_id).shown(kind)


def list_tasks(work: Work) -> Body:
    """``GET /v1/tasks``; the trash takes the scope ``tasks:restore`` too."""
    house = work.house
    kind = house.workspace.task_type
    page = read_page(work.request.query, kind, filtered=False)
    if page.trashed and not work.access.allows("tasks:restore"):
        raise forbidden("tasks:restore")
    until = work.now - timedelta(seconds=house.list_lag_seconds) if house.list_lag_seconds else None
    return _listed(house.tasks.page(page.offset, page.limit, trashed=page.trashed, until=until), kind)


def retrieve_task(work: Work) -> Body:
    """``GET /v1/tasks/{id}``."""
    return _task(work, live=True).shown(work.house.workspace.task_type)


def update_task(work: Work) -> Body:
    """``POST /v1/tasks/{id}``."""
    house = work.house
    kind = house.workspace.task_type
    task = _task(work, live=True)
    changes = checked_update(parsed(work.request.body), kind, house.workspace)
    return house.tasks.update(task, changes, kind, work.now).shown(kind)


def trash_task(work: Work) -> Body:
    """``DELETE /v1/tasks/{id}``."""
    return work.house.tasks.trash(_task(work), work.now, trashed=True).shown(work.house.workspace.task_type)


def restore_task(work: Work) -> Body:
    """``POST /v1/tasks/{id}/restore``."""
    return work.house.tasks.trash(_task(work), work.now, trashed=False).shown(work.house.workspace.task_type)


def forbidden(scope: str) -> RefusalError:
    """The 403 of a key that lacks a scope."""
    return RefusalError(403, "forbidden", f"The API key lacks the scope '{scope}'.")


def _task(work: Work, *, live: bool = False) -> Record:
    task = work.house.tasks.get(work.request.identifier)
    if task is None or (live and task.trashed and not work.house.retrieves_trashed):
        raise not_found("No resource found in 'tasks' with the given ID.")
    return task


def _listed(page: tuple[list[Record], int], kind: ObjectType) -> Body:
    records, total = page
    return {"object": "list", "data": [record.shown(kind) for record in records], "totalCount": total}


def _lister(kind: ObjectType, *, filtered: bool) -> Callable[[Work], Body]:
    def list_records(work: Work) -> Body:
        page = read_page(work.request.query, kind, filtered=filtered)
        return _listed(_of(work, kind).page(page.offset, page.limit, trashed=page.trashed, wanted=page.wanted), kind)

    return list_records


def _retriever(kind: ObjectType) -> Callable[[Work], Body]:
    def retrieve(work: Work) -> Body:
        record = _of(work, kind).get(work.request.identifier)
        if record is None:
            raise not_found(f"No resource found in '{kind.plural}' with the given ID.")
        return record.shown(kind)

    return retrieve


def _creator(kind: ObjectType) -> Callable[[Work], Body]:
    def create(work: Work) -> Body:
        draft = checked_create(parsed(work.request.body), kind, work.house.workspace)
        return work.house.workspace.add(kind, draft.fields, draft.relationships, work.now).shown(kind)

    return create


def _of(work: Work, kind: ObjectType) -> Collection:
    return work.house.workspace.collection(kind)


def _object_calls(kind: ObjectType) -> list[Call]:
    """List, retrieve and create of a kind other than tasks; nobody creates members."""
    path, scope = f"/v1/{kind.plural}", f"{kind.plural}:read"
    calls = [
        Call("GET", path, _lister(kind, filtered=kind is not MEMBER), Category.SEARCH, scope),
        Call("GET", f"{path}/{{id}}", _retriever(kind), Category.READ, scope),
    ]
    if kind is not MEMBER:
        calls.append(Call("POST", path, _creator(kind), Category.WRITE, f"{kind.plural}:create", f"{kind.name}.create"))
    return calls


CALLS: tuple[Call, ...] = (
    Call("POST", "/v1/tasks", create_task, Category.WRITE, "tasks:create", "task.create"),
    Call("GET", "/v1/tasks", list_tasks, Category.SEARCH, "tasks:read"),
    Call("GET", "/v1/tasks/definitions", task_definitions, Category.READ, "tasks:read"),
    Call("GET", "/v1/tasks/{id}", retrieve_task, Category.READ, "tasks:read"),
    Call("POST", "/v1/tasks/{id}", update_task, Category.WRITE, "tasks:update", "task.update"),
    Call("DELETE", "/v1/tasks/{id}", trash_task, Category.WRITE, "tasks:delete"),
    Call("POST", "/v1/tasks/{id}/restore", restore_task, Category.WRITE, "tasks:restore", "task.restore"),
    Call("GET", "/v1/auth/validate", validate, Category.READ, None),
    *(call for kind in (MEMBER, ACCOUNT, OPPORTUNITY, CONTACT) for call in _object_calls(kind)),
)
