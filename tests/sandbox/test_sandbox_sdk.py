"""The official SDK works against the sandbox, unmodified, over a real socket: the test of its honesty."""

from __future__ import annotations

import asyncio

import lightfield
import pytest
from lightfield import AsyncLightfield, Lightfield

from etl.sandbox.app import Sandbox
from etl.sandbox.faults import Faults
from etl.sandbox.limits import Category
from etl.sandbox.server import ServerThread
from etl.sandbox.workspace import Workspace

FIELDS = {"$title": "Call back", "$status": "TODO", "$description": "**soon**", "$dueAt": "2026-03-04T17:00:00+02:00"}


@pytest.fixture(scope="module")
def served():
    sandbox = Sandbox(Workspace.sample())
    with ServerThread(sandbox) as server:
        yield sandbox, server.url


@pytest.fixture
def client(served):
    with Lightfield(api_key="sk_lf_sandbox", base_url=served[1], max_retries=0) as client:
        yield client


def test_a_task_is_created_as_it_was_sent(client):
    made = client.task.create(
        fields=FIELDS, relationships={"$assignedTo": "mem_000002", "$account": "acc_000001", "partners": ["acc_000002"]}
    )
    assert made.id.startswith("tsk_")
    assert made.updated_at is None
    assert {key: item.value for key, item in made.fields.items()} == FIELDS | {"$dueAt": "2026-03-04T15:00:00.000Z"}
    assert made.relationships["$assignedTo"].values == ["mem_000002"]
    assert made.relationships["$createdBy"].values == ["mem_000001"]
    assert made.relationships["partners"].values == ["acc_000002"]
    assert made.relationships["$opportunity"].values == []


def test_an_update_changes_what_was_sent_and_nothing_else(client):
    made = client.task.create(fields=FIELDS, relationships={"$assignedTo": "mem_000002", "partners": ["acc_000001"]})
    changed = client.task.update(
        made.id,
        fields={"$status": "COMPLETE", "$description": None},
        relationships={
            "$assignedTo": {"replace": "mem_000003"},
            "$account": {"replace": None},
            "partners": {"add": ["acc_000002", "acc_000003"], "remove": "acc_000001"},
        },
    )
    assert changed.fields["$title"].value == "Call back"
    assert changed.fields["$status"].value == "COMPLETE"
    assert changed.fields["$description"].value is None
    assert changed.relationships["$assignedTo"].values == ["mem_000003"]
    assert changed.relationships["partners"].values == ["acc_000002", "acc_000003"]
    assert changed.updated_at is not None
    assert client.task.retrieve(made.id).to_dict() == changed.to_dict()


def test_tasks_go_to_the_trash_and_come_back(client):
    made = client.task.create(fields=FIELDS, relationships={"$assignedTo": "mem_000002"})
    assert client.task.delete(made.id).id == made.id
    assert client.task.delete(made.id).id == made.id
    assert made.id in [task.id for task in client.task.list(status="trashed").data]
    assert made.id not in [task.id for task in client.task.list().data]
    with pytest.raises(lightfield.NotFoundError):
        client.task.retrieve(made.id)
    assert client.task.restore(made.id).id == made.id
    assert made.id in [task.id for task in client.task.list().data]


def test_a_list_has_the_newest_first_and_ends_with_a_short_page(client):
    for _ in range(3):
        client.task.create(fields=FIELDS, relationships={"$assignedTo": "mem_000002"})
    pages = [client.task.list(limit=2, offset=offset) for offset in (0, 2)]
    times = [task.created_at for page in pages for task in page.data]
    assert times == sorted(times, reverse=True)
    assert pages[0].total_count == pages[1].total_count >= 3


def test_the_definitions_name_fields_and_relationships(client):
    known = client.task.definitions()
    assert set(known.field_definitions) == {"$title", "$status", "$description", "$dueAt"}
    assert [option.id for option in known.field_definitions["$status"].type_configuration.options] == [
        *("TODO", "IN_PROGRESS", "COMPLETE", "CANCELLED")
    ]
    assert known.relationship_definitions["partners"].cardinality == "HAS_MANY"
    assert known.relationship_definitions["territory"].cardinality == "HAS_ONE"


def test_members_are_paged_by_25_at_most(client):
    pages = [client.member.list(limit=25, offset=offset) for offset in (0, 25, 50)]
    assert [len(page.data) for page in pages] == [25, 25, 10]
    assert {page.total_count for page in pages} == {60}
    assert len({member.fields.email.value for page in pages for member in page.data}) == 60
    assert client.member.retrieve("mem_000001").fields.email.value == "ops@acme.example"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"$name[equal]": "Acme Corp"}, 1),
        ({"$name": "Acme Corp"}, 1),
        ({"$name": {"equal": "Globex"}}, 2),
        ({"$name[equal]": "Nobody Ltd"}, 0),
        ({"$name[-equal]": "Globex"}, 148),
        ({"$name[startsWith]": "Cedar "}, 10),
        ({"$website[contains]": "acme-corp.example"}, 1),
        ({"$website": "globex"}, 2),
        ({"$name": "Globex", "$website": "labs"}, 1),
    ],
)
def test_accounts_are_filtered_by_name_and_web_site(client, query, found):
    page = client.account.list(extra_query=query)
    assert page.total_count == found
    assert len(page.data) == min(found, 25)


def test_the_sdk_can_fill_the_workspace(client):
    account = client.account.create(fields={"$name": "Filled Inc", "$website": ["https://filled.example"]})
    deal = client.opportunity.create(fields={"$name": "Filled deal", "$stage": "Proposal"}, relationships={"$account": account.id})
    contact = client.contact.create(fields={"$email": ["fay@filled.example"], "$name": {"firstName": "Fay", "lastName": "Full"}})
    assert client.account.retrieve(account.id).fields["$website"].value == ["https://filled.example"]
    assert client.opportunity.list(extra_query={"$name[equal]": "Filled deal"}).data[0].id == deal.id
    assert client.opportunity.retrieve(deal.id).fields["$stage"].value == "opt_proposal"
    assert client.contact.list(extra_query={"$email[contains]": "fay@"}).data[0].id == contact.id
    assert client.contact.list(extra_query={"$name[equal]": "fay full"}).data[0].id == contact.id


def test_validate_tells_what_the_key_may_do(served):
    sandbox, url = served
    sandbox.workspace.add_key("sk_lf_narrow", ("tasks:read", "members:read"), subject="workspace")
    with Lightfield(api_key="sk_lf_narrow", base_url=url, max_retries=0) as narrow:
        assert narrow.auth.validate().scopes == ["members:read", "tasks:read"]
        assert narrow.auth.validate().subject_type == "workspace"
        assert narrow.task.list().object == "list"
        with pytest.raises(lightfield.PermissionDeniedError):
            narrow.task.create(fields=FIELDS, relationships={"$assignedTo": "mem_000002"})
        with pytest.raises(lightfield.PermissionDeniedError):
            narrow.task.list(status="trashed")
        sandbox.workspace.revoke("sk_lf_narrow")
        with pytest.raises(lightfield.AuthenticationError):
            narrow.auth.validate()


def test_refusals_are_the_sdks_own_errors(client):
    with pytest.raises(lightfield.BadRequestError) as refused:
        client.task.create(fields=FIELDS, relationships={"$assignedTo": "mem_999999"})
    assert refused.value.body["error"]["code"] == "relationship_entity_missing"
    with pytest.raises(lightfield.UnprocessableEntityError):
        client.task.create(fields=FIELDS | {"$title": " "}, relationships={"$assignedTo": "mem_000002"})
    with pytest.raises(lightfield.NotFoundError):
        client.task.retrieve("tsk_none")


def test_a_key_in_extra_headers_is_the_sdks_way_to_create_once(client, served):
    before = len(served[0].tasks)
    made = [
        client.task.create(fields=FIELDS, relationships={"$assignedTo": "mem_000002"}, extra_headers={"Idempotency-Key": "row-1"})
        for _ in range(2)
    ]
    assert made[0] == made[1]
    assert len(served[0].tasks) == before + 1


def test_the_sdk_alone_sends_no_key_and_doubles_a_task_whose_answer_was_lost():
    """What this project is for: the SDK's own retries create the task again."""
    sandbox = Sandbox(Workspace.sample(), faults=Faults(lost_after_commit=1.0))
    with ServerThread(sandbox) as server, Lightfield(api_key="sk_lf_sandbox", base_url=server.url, max_retries=1) as client:
        with pytest.raises(lightfield.APIConnectionError):
            client.task.create(fields=FIELDS, relationships={"$assignedTo": "mem_000002"})
        assert [visit.idempotency_key for visit in sandbox.requests] == ["", ""]
        assert len(sandbox.tasks) == 2


def test_the_sdk_sees_the_rate_limit(served):
    sandbox = Sandbox(Workspace.sample())
    sandbox.limits.set_rate(Category.READ, 1)
    with ServerThread(sandbox) as server, Lightfield(api_key="sk_lf_sandbox", base_url=server.url, max_retries=0) as client:
        client.auth.validate()
        with pytest.raises(lightfield.RateLimitError) as refused:
            client.auth.validate()
    assert refused.value.response.headers["Retry-After"] == "1"


def test_the_async_sdk_works_too(served):
    async def create_ten():
        async with AsyncLightfield(api_key="sk_lf_sandbox", base_url=served[1], max_retries=0) as client:
            creates = (client.task.create(fields=FIELDS, relationships={"$assignedTo": "mem_000002"}) for _ in range(10))
            return await asyncio.gather(*creates)

    assert len({task.id for task in asyncio.run(create_ten())}) == 10
