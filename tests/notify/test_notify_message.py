"""What does a message say, in each form?"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from etl.notify.change import Event
from etl.notify.message import Message, addressed, safe_code, sentence

FAILED = Message(
    event=Event.FAILED,
    name="acme <tasks>",
    run_id="20261123T020000Z-0a1b2c",
    status="finished_with_failures",
    exit_code=1,
    reason=None,
    stopped_by=(),
    finished_at=datetime(2026, 11, 23, 2, tzinfo=UTC),
    failing_since=datetime(2026, 11, 22, 2, tzinfo=UTC),
    rows=8123,
    counts={"created": 8120, "rejected": 3},
    codes={"unknown_status": 2, "not_found": 1},
    needs_a_person=3,
    new_rows=1,
)
STOPPED = {"status": "stopped", "exit_code": 3, "reason": "service_down", "stopped_by": ("service_down",)}


def changed(**parts):
    return Message(**{**{name: getattr(FAILED, name) for name in FAILED.__slots__}, **parts})


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (FAILED, "acme <tasks>: 3 of 8,123 rows need a person, 1 of them new (2 unknown_status, 1 not_found)"),
        (changed(new_rows=3), "acme <tasks>: 3 of 8,123 rows need a person (2 unknown_status, 1 not_found)"),
        (changed(**STOPPED), "acme <tasks>: stopped part-way (service_down): 8,120 created, 3 rejected"),
        (changed(exit_code=2, stopped_by=("guard.max_age",), counts={}), "acme <tasks>: nothing was written (guard.max_age)"),
        (changed(event=Event.RECOVERED), "acme <tasks>: recovered (it had failed since 2026-11-22T02:00:00Z): 8,120 created, 3 rejected"),
    ],
)
def test_people_are_told_in_a_sentence(message, told):
    assert sentence(message) == told


def test_slack_gets_a_text_whose_name_cannot_link_or_call_anybody():
    url, body = addressed("https://hooks.example/x", FAILED, "slack")
    assert url == "https://hooks.example/x"
    assert body["text"].startswith(":warning: acme &lt;tasks&gt;: 3 of 8,123")


@pytest.mark.parametrize(("event", "action"), [(Event.FAILED, "trigger"), (Event.RECOVERED, "resolve")])
def test_pagerduty_merges_by_the_name_of_the_import(event, action):
    url, body = addressed("https://events.pagerduty.com/v2/enqueue?routing_key=r0uting", changed(event=event), "pagerduty")
    assert url == "https://events.pagerduty.com/v2/enqueue"
    assert (body["routing_key"], body["event_action"], body["dedup_key"]) == ("r0uting", action, "acme <tasks>")
    assert {"summary", "source", "severity"} <= body["payload"].keys()
    assert body["payload"]["severity"] == "warning"


def test_json_says_it_all_in_counts_and_codes():
    _, body = addressed("https://hooks.example/x", changed(**STOPPED), "json")
    assert json.loads(json.dumps(body)) == body
    assert (body["event"], body["name"], body["exit_code"], body["stopped_by"]) == ("failed", "acme <tasks>", 3, ["service_down"])
    assert (body["counts"], body["problems"]) == ({"created": 8120, "rejected": 3}, {"unknown_status": 2, "not_found": 1})


def test_a_code_that_is_no_word_does_not_leave_the_house():
    assert safe_code("relationship_entity_missing") == "relationship_entity_missing"
    assert safe_code("Acme Corp, +49 30 1234") == "other"
