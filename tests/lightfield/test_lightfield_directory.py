"""Is everything found, in few requests, while the lists change?"""

from __future__ import annotations

import asyncio

import httpx
import pytest

from etl.clock import SystemClock
from etl.errors import ServiceDownError
from etl.lightfield.client import LightfieldClient
from etl.lightfield.directory import all_members, all_tasks, fold, key_info, objects_named, task_definitions
from etl.lightfield.models import ApiSurpriseError, Definitions, KeyInfo, Member, NamedObject, TaskView
from etl.lightfield.secret import ApiKey
from etl.sandbox.access import SANDBOX_KEY
from etl.sandbox.app import Sandbox
from etl.sandbox.workspace import Workspace


class PlainReader:
    """Reads without throttle or retry, and counts."""

    def __init__(self):
        self.reads = 0

    async def read(self, call, category, *, scope=None):
        self.reads += 1
        answer = await call()
        assert answer.status == 200, answer
        return answer.body


@pytest.fixture
def ask():
    """Asks an ASGI application or an async function; what came and in how many requests."""

    def go(server, question, *args, **more):
        transport = httpx.ASGITransport(server) if isinstance(server, Sandbox) else httpx.MockTransport(server)
        reader = PlainReader()

        async def main():
            async with LightfieldClient("http://localhost", ApiKey(SANDBOX_KEY), clock=SystemClock(), transport=transport) as client:
                return await question(reader, client, *args, **more)

        return asyncio.run(main()), reader.reads

    return go


@pytest.fixture
def sandbox():
    return Sandbox(Workspace.sample())


def test_sixty_members_are_three_pages(ask, sandbox):
    members, reads = ask(sandbox, all_members)
    assert (len(members), reads) == (60, 3)
    assert members[0].email.endswith("@acme.example")
    assert {"Sam Rivera", "Olivia Ops"} <= {member.name for member in members}


def test_the_keys_scopes_and_the_definitions_are_read(ask, sandbox):
    info, _ = ask(sandbox, key_info)
    definitions, _ = ask(sandbox, task_definitions)
    assert info.allows("tasks:create")
    assert "$title" in definitions.fields
    assert definitions.relationships["partners"].many
    assert not definitions.relationships["$account"].many


def test_one_name_is_one_filtered_call_after_the_first_page(ask, sandbox):
    found, reads = ask(sandbox, objects_named, "accounts", "$name", ["Acme Corp"])
    assert ([each.name for each in found], reads) == (["Acme Corp"], 2)


def test_many_names_are_read_from_the_whole_list(ask, sandbox):
    names = [f"Company {number}" for number in range(40)] + ["Acme Corp", "globex "]
    found, reads = ask(sandbox, objects_named, "accounts", "$name", names)
    assert sorted(each.name for each in found) == ["Acme Corp", "Globex", "Globex"]
    # 150 accounts are six full pages, and only a short one proves the end.
    assert reads == 7


def test_both_of_a_name_are_found_by_a_filter_too(ask, sandbox):
    found, _ = ask(sandbox, objects_named, "accounts", "$name", ["Globex"])
    assert len({each.id for each in found}) == 2


def test_websites_are_compared_by_ourselves(ask, sandbox):
    website = next(account for account in sandbox.workspace.accounts if account.fields["$name"] == "Acme Corp").fields["$website"][0]
    bare = website.removeprefix("https://")
    found, _ = ask(sandbox, objects_named, "accounts", "$website", [bare, bare[:4]])
    assert [each.name for each in found] == ["Acme Corp"]


def test_contacts_are_found_by_email(ask, sandbox):
    found, _ = ask(sandbox, objects_named, "contacts", "$email", ["CONTACT1@customer.example"])
    assert len(found) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [("https://www.Acme.com/", "acme.com"), ("http://acme.com/de", "ACME.COM/de/"), ("//acme.com", "acme.com"), ("https://[", "https://[")],
)
def test_websites_fold_to_host_and_path(first, second):
    assert fold("$website", first) == fold("$website", second)


def listing(pages_of, total=None):
    """A list of members that changes: ``pages_of(request number)`` is the list as it is at that request."""
    count = 0

    async def serve(request):
        nonlocal count
        count += 1
        records = pages_of(count)
        offset, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        body = {"data": records[offset : offset + limit], "object": "list"}
        return httpx.Response(200, json=body | ({} if total is None else {"totalCount": total or len(records)}))

    return serve


def people(*numbers):
    return [{"id": f"mem_{number}", "fields": {}, "surprise": 1} for number in numbers]


def test_without_a_total_pages_are_read_until_a_short_one(ask):
    members, reads = ask(listing(lambda _: people(*range(60))), all_members)
    assert (len(members), reads) == (60, 3)


def test_a_full_last_page_is_followed_by_an_empty_one(ask):
    members, _ = ask(listing(lambda _: people(*range(50)), total=0), all_members)
    assert len(members) == 50


def test_one_who_joins_while_pages_are_read_is_counted_once(ask):
    members, _ = ask(listing(lambda count: people(*range(60)) if count == 1 else people(99, *range(60)), total=0), all_members)
    ids = [member.id for member in members]
    assert len(ids) == len(set(ids))
    assert {f"mem_{number}" for number in range(60)} <= set(ids)


def test_one_who_is_pulled_over_a_page_boundary_is_found_by_reading_again(ask):
    members, _ = ask(listing(lambda count: people(*range(60)) if count == 1 else people(*range(1, 60)), total=60), all_members)
    assert {f"mem_{number}" for number in range(1, 60)} <= {member.id for member in members}


def test_tasks_are_listed(ask, sandbox):
    assert ask(sandbox, all_tasks) == ((), 1)


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": [{"id": None}]}, {"data": [{}]}])
def test_an_odd_list_is_a_clear_error(ask, body):
    async def serve(request):
        return httpx.Response(200, json=body)

    with pytest.raises(ServiceDownError, match="something unexpected"):
        ask(serve, all_members)


@pytest.mark.parametrize("body", [None, [], "x", 3, {}, {"id": 7}, {"id": ""}])
@pytest.mark.parametrize("model", [TaskView, Member, NamedObject])
def test_a_record_without_identity_is_a_clear_error(model, body):
    with pytest.raises(ApiSurpriseError):
        model.read(body)


@pytest.mark.parametrize("odd", [None, 3, "x", [], {"$title": 3}, {"$title": None}])
def test_every_other_part_of_a_record_may_be_odd(odd):
    for model in (TaskView, Member, NamedObject):
        assert model.read({"id": "a", "createdAt": odd, "httpLink": odd, "fields": odd, "relationships": odd}).id == "a"


@pytest.mark.parametrize("body", [{}, {"fieldDefinitions": []}, {"scopes": "all"}])
def test_odd_definitions_and_keys_are_a_clear_error(body):
    for model in (Definitions, KeyInfo):
        with pytest.raises(ApiSurpriseError):
            model.read(body)
