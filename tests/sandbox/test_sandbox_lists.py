"""Lists: order, pages, the trash, the lag of the index, and what the sample workspace holds."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.sandbox.app import Sandbox
from etl.sandbox.records import Collection, Record
from etl.sandbox.workspace import Workspace

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def titles(answer):
    return [task["fields"]["$title"]["value"] for task in answer.body["data"]]


@pytest.fixture
def create(call, clock, task):
    def created(title):
        clock.advance(seconds=1)
        task["fields"]["$title"] = title
        return call("POST", "/v1/tasks", task).body["id"]

    return created


def test_a_restored_task_stands_where_its_creation_puts_it(call, clock, create):
    ids = [create(title) for title in "abc"]
    call("DELETE", f"/v1/tasks/{ids[1]}")
    assert titles(call("GET", "/v1/tasks")) == ["c", "a"]
    clock.advance(hours=1)
    call("POST", f"/v1/tasks/{ids[1]}/restore")
    assert titles(call("GET", "/v1/tasks")) == ["c", "b", "a"]
    assert call("GET", "/v1/tasks?status=trashed").body == {"object": "list", "data": [], "totalCount": 0}


def test_trashing_twice_changes_nothing_the_second_time(call, clock, create):
    made = create("a")
    first = call("DELETE", f"/v1/tasks/{made}").body
    clock.advance(minutes=1)
    assert call("DELETE", f"/v1/tasks/{made}").body == first


def test_a_task_in_the_trash_can_be_retrieved_where_the_sandbox_is_told_so(call, sandbox, create):
    """The documents are silent about it, so a client must cope with both."""
    made = create("a")
    call("DELETE", f"/v1/tasks/{made}")
    assert call("GET", f"/v1/tasks/{made}").status == 404
    sandbox.house.retrieves_trashed = True
    assert call("GET", f"/v1/tasks/{made}").status == 200


def test_a_lagging_index_shows_a_task_later_but_retrieve_at_once(call, sandbox, clock, create):
    sandbox.house.list_lag_seconds = 10
    made = create("a")
    clock.advance(seconds=9.9)
    assert call("GET", "/v1/tasks").body["totalCount"] == 0
    assert call("GET", f"/v1/tasks/{made}").status == 200
    clock.advance(seconds=0.1)
    assert titles(call("GET", "/v1/tasks")) == ["a"]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("limit=26", "limit"),
        ("limit=0", "limit"),
        ("limit=ten", "limit"),
        ("offset=-1", "offset"),
        ("offset=", "offset"),
        ("status=deleted", "status"),
        ("$title=a", "$title"),
    ],
)
def test_a_query_that_a_task_list_does_not_take_is_refused(call, query, param):
    answer = call("GET", f"/v1/tasks?{query}")
    assert (answer.status, answer.error["param"]) == (400, param)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("$name[contains]=x", "invalid_type"),
        ("$website[equal]=x", "invalid_type"),
        ("$size=3", "unknown_field"),
        ("$name[=x", "unknown_field"),
    ],
)
def test_a_filter_that_is_not_offered_is_refused(call, query, code):
    assert call("GET", f"/v1/accounts?{query}").error["code"] == code


def test_members_take_no_filter(call):
    assert call("GET", "/v1/members?$email=ops@acme.example").error["code"] == "unknown_field"


def test_a_filter_may_hold_any_character(call, sandbox):
    sandbox.workspace.add_account("R&D = 100% [β] + Söhne, Inc.")
    found = call("GET", "/v1/accounts?%24name%5Bequal%5D=R%26D+%3D+100%25+%5B%CE%B2%5D+%2B+S%C3%B6hne%2C+Inc.")
    assert found.body["totalCount"] == 1


def test_the_sample_is_the_same_each_time_and_has_its_traps():
    one, two = Workspace.sample(), Workspace.sample()
    assert [record.id for record in one.members] == [record.id for record in two.members]
    assert (len(one.members), len(one.accounts), len(one.opportunities), len(one.contacts)) == (60, 150, 120, 10)
    names = [tuple(member.fields["$name"].values()) for member in one.members]
    assert sorted({name for name in names if names.count(name) > 1}) == [("Alex", "Kim")]
    assert [member.fields["$email"] for member in one.members if not member.active] == ["former@acme.example"]
    emails = {member.fields["$email"] for member in one.members}
    assert len(emails) == 60
    assert all(email.isascii() for email in emails)
    assert [account.fields["$name"] for account in one.accounts].count("Globex") == 2


def test_a_member_is_added_once_per_address_and_an_account_each_time():
    workspace = Workspace()
    assert workspace.add_member("Ana@x.example", "Ana", "A") == workspace.add_member("ana@X.example")
    assert workspace.add_account("Acme") != workspace.add_account("Acme")


def test_two_sandboxes_never_share_a_task_id(caller, task):
    """A ledger that remembers one sandbox must not take a task of the next for its own."""
    ids = {asyncio.run(caller(Sandbox(Workspace.sample()))("POST", "/v1/tasks", task)).body["id"] for _ in range(3)}
    assert len(ids) == 3


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=30), st.integers(1, 7))
def test_the_pages_together_are_the_whole_list_newest_first(made, limit):
    collection = Collection()
    for number, (second, _) in enumerate(made):
        collection.add(Record(str(number), START + timedelta(seconds=second), {}, {}))
    for number, (_, trashed) in enumerate(made):
        collection.move(collection.get(str(number)), trashed=trashed)
    for trashed in (False, True):
        pages = [collection.page(offset, limit, trashed=trashed) for offset in range(0, len(made) + 1, limit)]
        listed = [record for page, _ in pages for record in page]
        expected = [record for record in collection if record.trashed is trashed]
        assert listed == sorted(expected, key=lambda record: (record.created_at, record.sequence), reverse=True)
        assert {total for _, total in pages} == {len(expected)}
