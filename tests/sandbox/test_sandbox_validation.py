"""What is wrong with a request is answered with the documented type, code and place."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.sandbox.answers import RefusalError
from etl.sandbox.schema import TASK
from etl.sandbox.validation import checked_create, checked_update
from etl.sandbox.workspace import Workspace

REFUSED_FIELDS = [
    ({"$title": None}, 400, "parameter_missing", "fields.$title"),
    ({"$title": 7}, 400, "invalid_type", "fields.$title"),
    ({"$title": "  "}, 422, None, "fields.$title"),
    ({"$status": None}, 400, "parameter_missing", "fields.$status"),
    ({"$status": "Done"}, 400, "invalid_type", "fields.$status"),
    ({"$status": "opt_123"}, 400, "referenced_resource_missing", "fields.$status"),
    ({"$description": ["a"]}, 400, "invalid_type", "fields.$description"),
    ({"$dueAt": "tomorrow"}, 400, "invalid_type", "fields.$dueAt"),
    ({"$dueAt": "2026-03-02"}, 400, "invalid_type", "fields.$dueAt"),
    ({"$dueAt": "2026-03-02T10:00:00"}, 400, "invalid_type", "fields.$dueAt"),
    ({"$dueAt": "0001-01-01T00:00:00+14:00"}, 400, "invalid_type", "fields.$dueAt"),
    ({"$dueAt": 1772438400}, 400, "invalid_type", "fields.$dueAt"),
    ({"tier": "gold"}, 400, "unknown_field", "fields.tier"),
]
REFUSED_RELATIONSHIPS = [
    ({"$assignedTo": []}, 400, "parameter_missing", "relationships.$assignedTo"),
    ({"$assignedTo": None}, 400, "invalid_type", "relationships.$assignedTo"),
    ({"$assignedTo": ["mem_000001", "mem_000002"]}, 400, "invalid_type", "relationships.$assignedTo"),
    ({"$assignedTo": "mem_999999"}, 400, "relationship_entity_missing", "relationships.$assignedTo"),
    ({"$assignedTo": "acc_000001"}, 400, "relationship_entity_missing", "relationships.$assignedTo"),
    ({"$assignedTo": "mem_000005"}, 400, "relationship_entity_inactive", "relationships.$assignedTo"),
    ({"$account": "Acme Corp"}, 400, "relationship_entity_missing", "relationships.$account"),
    ({"$account": {"id": "acc_000001"}}, 400, "invalid_type", "relationships.$account"),
    ({"$opportunity": [7]}, 400, "invalid_type", "relationships.$opportunity"),
    ({"partners": ["acc_000001", "acc_999999"]}, 400, "relationship_entity_missing", "relationships.partners"),
    ({"$note": "not_1"}, 400, "invalid_configuration", "relationships.$note"),
    ({"region": "x"}, 400, "unknown_relationship", "relationships.region"),
]


def refusal(answer):
    return answer.status, answer.error.get("code"), answer.error["param"]


@pytest.mark.parametrize(("fields", "status", "code", "param"), REFUSED_FIELDS)
def test_a_bad_field_is_refused_with_its_place(call, sandbox, task, fields, status, code, param):
    task["fields"] |= fields
    assert refusal(call("POST", "/v1/tasks", task)) == (status, code, param)
    assert len(sandbox.tasks) == 0


@pytest.mark.parametrize(("related", "status", "code", "param"), REFUSED_RELATIONSHIPS)
def test_a_bad_relationship_is_refused_with_its_place(call, sandbox, task, related, status, code, param):
    task["relationships"] |= related
    assert refusal(call("POST", "/v1/tasks", task)) == (status, code, param)
    assert len(sandbox.tasks) == 0


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "parameter_missing", "fields"),
        ({"fields": {"$title": "a", "$status": "TODO"}}, "parameter_missing", "relationships"),
        ({"fields": {"$title": "a", "$status": "TODO"}, "relationships": {}}, "parameter_missing", "relationships.$assignedTo"),
        ({"fields": [], "relationships": {}}, "invalid_type", "fields"),
        ({"fields": {}, "relationships": "x"}, "invalid_type", "relationships"),
        ({"fields": {}, "relationships": {}, "externalId": "7"}, "unknown_field", "externalId"),
        ([], "invalid_type", "body"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused(call, body, code, param):
    assert refusal(call("POST", "/v1/tasks", body)) == (400, code, param)


@pytest.mark.parametrize("content", [b"{", b'{"fields": NaN}', b"\xff", b"[" * 100_000])
def test_a_body_that_is_not_json_is_refused(sandbox, content):
    headers = {"Authorization": "Bearer sk_lf_sandbox", "Lightfield-Version": "2026-03-01", "Content-Type": "application/json"}

    async def post():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(sandbox), base_url="http://sandbox") as client:
            return await client.post("/v1/tasks", content=content, headers=headers)

    answer = asyncio.run(post())
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_type")


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({"authorization": None}, 401, "unauthorized"),
        ({"authorization": "Bearer sk_lf_other"}, 401, "unauthorized"),
        ({"authorization": "Basic sk_lf_sandbox"}, 401, "unauthorized"),
        ({"lightfield_version": None}, 400, "bad_request"),
        ({"lightfield_version": "2025-01-01"}, 400, "bad_request"),
        ({"content_type": "text/plain"}, 415, "unsupported_media_type"),
        ({"content_type": ""}, 415, "unsupported_media_type"),
        ({"content_type": "application/json; charset=utf-8"}, 200, None),
    ],
)
def test_the_headers_are_looked_at_before_the_body(call, task, headers, status, kind):
    answer = call("POST", "/v1/tasks", task, **headers)
    assert answer.status == status
    if kind:
        assert answer.error["type"] == kind


def test_a_wrong_version_is_told_by_its_code(call, task):
    answer = call("POST", "/v1/tasks", task, lightfield_version=None)
    assert refusal(answer) == (400, "version_header", "Lightfield-Version")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/v1/tasks", "tasks:create"),
        ("POST", "/v1/tasks/x", "tasks:update"),
        ("GET", "/v1/tasks/x", "tasks:read"),
        ("GET", "/v1/tasks", "tasks:read"),
        ("GET", "/v1/tasks/definitions", "tasks:read"),
        ("DELETE", "/v1/tasks/x", "tasks:delete"),
        ("POST", "/v1/tasks/x/restore", "tasks:restore"),
        ("GET", "/v1/members", "members:read"),
        ("GET", "/v1/accounts", "accounts:read"),
        ("POST", "/v1/accounts", "accounts:create"),
        ("GET", "/v1/opportunities", "opportunities:read"),
        ("GET", "/v1/contacts/x", "contacts:read"),
    ],
)
def test_a_key_without_the_scope_is_forbidden(call, sandbox, method, path, scope):
    sandbox.workspace.add_key("sk_lf_other", ("lists:read",))
    sandbox.workspace.add_key("sk_lf_fit", (scope,))
    refused = call(method, path, authorization="Bearer sk_lf_other")
    assert (refused.status, refused.error["type"]) == (403, "forbidden")
    assert scope in refused.error["message"]
    assert call(method, path, authorization="Bearer sk_lf_fit").status != 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/tasks/tsk_none"),
        ("POST", "/v1/tasks/tsk_none"),
        ("DELETE", "/v1/tasks/tsk_none"),
        ("POST", "/v1/tasks/tsk_none/restore"),
        ("GET", "/v1/accounts/acc_none"),
        ("GET", "/v1/members/mem_none"),
        ("PATCH", "/v1/tasks"),
        ("GET", "/v2/tasks"),
        ("GET", "/v1/tasks/"),
    ],
)
def test_what_is_not_there_is_a_404(call, method, path):
    answer = call(method, path, {} if method == "POST" else None)
    assert (answer.status, answer.error["type"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        ({"fields": {"$title": None}}, 422, None, "fields.$title"),
        ({"fields": {"$title": ""}}, 422, None, "fields.$title"),
        ({"fields": {"$status": "x"}}, 400, "invalid_type", "fields.$status"),
        ({"relationships": {"$account": "acc_000001"}}, 400, "invalid_type", "relationships.$account"),
        ({"relationships": {"$account": {}}}, 400, "invalid_type", "relationships.$account"),
        ({"relationships": {"$account": {"set": "acc_000001"}}}, 400, "invalid_type", "relationships.$account"),
        ({"relationships": {"$account": {"add": "acc_none"}}}, 400, "relationship_entity_missing", "relationships.$account"),
        ({"relationships": {"$assignedTo": {"replace": None}}}, 400, "parameter_missing", "relationships.$assignedTo"),
        ({"relationships": {"$assignedTo": {"remove": "mem_000002"}}}, 400, "parameter_missing", "relationships.$assignedTo"),
        ({"relationships": {"$note": {"add": "not_1"}}}, 400, "invalid_configuration", "relationships.$note"),
        ({"more": {}}, 400, "unknown_field", "more"),
    ],
)
def test_a_bad_update_is_refused_and_changes_nothing(call, task, body, status, code, param):
    made = call("POST", "/v1/tasks", task).body
    body.setdefault("fields", {}).setdefault("$description", "changed")
    assert refusal(call("POST", f"/v1/tasks/{made['id']}", body)) == (status, code, param)
    assert call("GET", f"/v1/tasks/{made['id']}").body == made


def test_a_workspace_that_knows_everything_takes_any_id(call, sandbox, task):
    sandbox.workspace.knows_everything = True
    task["relationships"] = {"$assignedTo": "mem_from_the_file", "$account": "001xx000003DGb2", "territory": "0TM1"}
    assert call("POST", "/v1/tasks", task).body["relationships"]["$account"]["values"] == ["001xx000003DGb2"]
    task["relationships"]["region"] = "x"
    assert call("POST", "/v1/tasks", task).error["code"] == "unknown_relationship"


KEYS = st.sampled_from(
    ["fields", "relationships", "$title", "$status", "$dueAt", "$assignedTo", "$note", "add", "remove", "replace"]
) | st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["mem_000001", "TODO", "$title"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
WORKSPACE = Workspace.sample()


@settings(max_examples=150)
@given(st.dictionaries(KEYS, JSON, max_size=4), st.sampled_from([checked_create, checked_update]))
def test_any_body_is_taken_or_refused_with_a_documented_status(body, check):
    status, param = 200, "none"
    try:
        check(body, TASK, WORKSPACE)
    except RefusalError as refused:
        status, param = refused.status, refused.param
    assert status in (200, 400, 422)
    assert param is not None
