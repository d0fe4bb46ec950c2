"""Is everything found, in few requests, while the lists change?"""

from __future__ import annotations

import asyncio

import httpx
import pytest

from etl.clock import SystemClock
from etl.errors import ServiceDownError
from etl.lightfield.client import LightfieldClient
from etl.lightfield.directory import all_members, fold, host_of, key_info, records_by_name, search_objects, task_definitions
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


def found_by(ask, server, kind, field, names):
    """Names to the names of what is found, and the number of requests."""
    found, reads = ask(server, search_objects, kind, field, names)
    by_name = records_by_name(field, names, found.objects)
    return {name: sorted(each.name for each in records) for name, records in by_name.items()}, reads


def test_one_name_is_one_filtered_call_after_the_first_page(ask, sandbox):
    assert found_by(ask, sandbox, "accounts", "$name", ["Acme Corp"]) == ({"Acme Corp": ["Acme Corp"]}, 2)


def test_many_names_are_read_from_the_whole_list(ask, sandbox):
    names = [f"Company {number}" for number in range(40)] + ["Acme Corp", "globex "]
    # 150 accounts are six full pages, and only a short one proves the end.
    assert found_by(ask, sandbox, "accounts", "$name", names) == ({"Acme Corp": ["Acme Corp"], "globex ": ["Globex", "Globex"]}, 7)


def test_both_of_a_name_are_found_by_a_filter_too(ask, sandbox):
    assert found_by(ask, sandbox, "accounts", "$name", ["Globex"]) == ({"Globex": ["Globex", "Globex"]}, 2)


def test_a_name_that_a_filter_misses_is_looked_for_in_the_whole_list(ask, sandbox):
    """Whether the filters mind case and blanks is written nowhere."""
    found, reads = found_by(ask, sandbox, "accounts", "$name", ["acme\u00a0 CORP"])
    assert found == {"acme\u00a0 CORP": ["Acme Corp"]}
    assert reads == 8


def test_a_list_that_is_very_long_is_not_read_for_a_name_that_is_not_in_it(ask):
    async def serve(request):
        filtered = "$name[equal]" in request.url.params
        body = {"data": [], "totalCount": 0} if filtered else {"data": people(*range(25)), "totalCount": 1_000_000}
        return httpx.Response(200, json=body)

    found, reads = ask(serve, search_objects, "accounts", "$name", ["Nobody"])
    assert (found.complete, reads) == (False, 2)


def test_contacts_are_found_by_email(ask, sandbox):
    found, _ = found_by(ask, sandbox, "contacts", "$email", ["CONTACT1@customer.example"])
    assert found == {"CONTACT1@customer.example": ["Contact Number 1"]}


@pytest.mark.parametrize(
    "website",
    [
        *("acme-corp.example", "https://www.ACME-corp.example/", "HTTP://acme-corp.example:8080", "//acme-corp.example/about?x=1#y"),
        *(" acme-corp.example. ", "www.acme-corp.example/a/b/", "https://user@acme-corp.example"),
    ],
)
def test_a_website_is_found_whatever_its_scheme_www_port_path_and_case(ask, sandbox, website):
    found, _ = found_by(ask, sandbox, "accounts", "$website", [website])
    assert found == {website: ["Acme Corp"]}


@pytest.mark.parametrize("website", ["acme", "corp.example", "not-acme-corp.example", "https://[", "", "acme-corp.example.evil.example"])
def test_what_is_part_of_a_website_is_another_one(ask, sandbox, website):
    assert found_by(ask, sandbox, "accounts", "$website", [website])[0] == {}


def pages(**websites):
    return [NamedObject(name, name, {"$website": texts}) for name, texts in websites.items()]


def test_two_companies_on_one_host_are_told_apart_by_path_and_else_both_are_named():
    objects = pages(north=("https://acme.example/north",), south=("https://acme.example/south/", "south.example"))
    found = records_by_name("$website", ["acme.example/NORTH", "acme.example", "www.south.example"], objects)
    assert {name: [each.id for each in records] for name, records in found.items()} == {
        "acme.example/NORTH": ["north"],
        "acme.example": ["north", "south"],
        "www.south.example": ["south"],
    }


def test_a_page_of_a_network_is_never_taken_for_another_companys():
    objects = pages(acme=("https://www.linkedin.com/company/acme/",))
    assert records_by_name("$website", ["linkedin.com/company/globex", "linkedin.com"], objects) == {}
    assert list(records_by_name("$website", ["http://linkedin.com/company/Acme"], objects)) == ["http://linkedin.com/company/Acme"]
    assert host_of("https://linkedin.com/company/acme") is None


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
