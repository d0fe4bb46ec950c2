"""What the sandbox answers is what the published OpenAPI document describes, where that document is at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest

PUBLISHED = Path(__file__).parents[2] / "../shared/facts/lightfield-openapi.json"


@pytest.fixture(scope="module")
def document():
    path = Path(os.environ.get("LIGHTFIELD_OPENAPI") or PUBLISHED)
    if not path.is_file():
        pytest.skip(f"The published OpenAPI document is not at {path.name}; LIGHTFIELD_OPENAPI names its place.")
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def conforms(document):
    def check(value, name):
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(value)

    return check


CALLS = [
    ("POST", "/v1/tasks", "TaskCreateResponse"),
    ("GET", "/v1/tasks?limit=2", "TaskListResponse"),
    ("GET", "/v1/tasks/{task}", "TaskRetrieveResponse"),
    ("POST", "/v1/tasks/{task}", "TaskUpdateResponse"),
    ("GET", "/v1/tasks/definitions", "TaskDefinitionsResponse"),
    ("GET", "/v1/members", "MemberListResponse"),
    ("GET", "/v1/members/mem_000001", "MemberRetrieveResponse"),
    ("GET", "/v1/accounts", "AccountListResponse"),
    ("GET", "/v1/accounts/acc_000001", "AccountRetrieveResponse"),
    ("POST", "/v1/accounts", "AccountCreateResponse"),
    ("GET", "/v1/opportunities?$name=none", "OpportunityListResponse"),
    ("GET", "/v1/opportunities/opp_000001", "OpportunityRetrieveResponse"),
    ("POST", "/v1/opportunities", "OpportunityCreateResponse"),
    ("GET", "/v1/contacts", "ContactListResponse"),
    ("GET", "/v1/contacts/con_000001", "ContactRetrieveResponse"),
    ("POST", "/v1/contacts", "ContactCreateResponse"),
    ("GET", "/v1/auth/validate", "AuthValidateResponse"),
]
BODIES = {
    "TaskUpdateResponse": {"fields": {"$status": "COMPLETE"}, "relationships": {"$account": {"replace": "acc_000001"}}},
    "AccountCreateResponse": {"fields": {"$name": "New Inc"}, "skipEnrichment": True},
    "OpportunityCreateResponse": {
        "fields": {"$name": "New deal", "$stage": "opt_proposal"},
        "relationships": {"$account": "acc_000001", "$owner": "mem_000001"},
    },
    "ContactCreateResponse": {"fields": {"$email": ["new@customer.example"]}},
}


@pytest.mark.parametrize("endpoint", CALLS, ids=lambda endpoint: endpoint[2])
def test_an_answer_conforms_to_its_schema(conforms, call, task, endpoint):
    method, path, schema = endpoint
    made = call("POST", "/v1/tasks", task).body["id"]
    body = task if schema == "TaskCreateResponse" else BODIES.get(schema)
    answer = call(method, path.format(task=made), body)
    assert answer.status == 200, answer.body
    conforms(answer.body, schema)


def test_trash_and_restore_answer_with_a_task_although_the_document_lacks_them(conforms, call, task):
    made = call("POST", "/v1/tasks", task).body["id"]
    conforms(call("DELETE", f"/v1/tasks/{made}").body, "TaskRetrieveResponse")
    conforms(call("POST", f"/v1/tasks/{made}/restore").body, "TaskRetrieveResponse")


def test_an_error_conforms_inside_its_wrapper(conforms, call, task):
    """The document's schemas lack the wrapper that the documentation shows."""
    conforms(call("POST", "/v1/tasks", {}).error, "BadRequestError")
    conforms(call("GET", "/v1/tasks/none").error, "NotFoundError")
    conforms(call("GET", "/v1/auth/validate", authorization="Bearer wrong").error, "UnauthorizedError")
    task["fields"]["$title"] = " "
    conforms(call("POST", "/v1/tasks", task).error, "UnprocessableContentError")


def test_what_the_typed_create_schema_takes_or_refuses_so_does_the_sandbox(document, call, task):
    """Against the typed form alone: the union of typed and untyped refuses every valid create."""
    schema = document["paths"]["/v1/tasks"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    typed = next(
        form
        for form in schema["properties"]["relationships"]["oneOf"]
        if form["title"].endswith("Typed") and "Untyped" not in form["title"]
    )
    validator = jsonschema.Draft202012Validator(schema | {"properties": schema["properties"] | {"relationships": typed}})
    without_title = {"fields": {"$status": "TODO"}, "relationships": task["relationships"]}
    without_assignee = {"fields": task["fields"], "relationships": {}}
    bodies = [task, {}, task | {"more": 1}, without_title, without_assignee]
    bodies += [{"fields": task["fields"] | {key: value}, "relationships": task["relationships"]} for key, value in FIELD_VALUES]
    for body in bodies:
        answer = call("POST", "/v1/tasks", body)
        assert (answer.status == 200) is validator.is_valid(body), (body, answer.body)


FIELD_VALUES = [
    ("$dueAt", None),
    ("$dueAt", 5),
    ("$description", None),
    ("$description", ["a"]),
    ("$title", 7),
    ("$title", None),
    ("tier", "gold"),
]
