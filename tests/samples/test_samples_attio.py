"""Does the Attio preset read what Attio's API answers?"""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

from etl.config.presets import samples_folder

MAKER = runpy.run_path(str(Path(__file__).parent / "make_attio.py"))
SAMPLE = "attio-tasks.ndjson"


@pytest.fixture(scope="module")
def ran(rehearsal):
    return rehearsal.sample_run("attio", SAMPLE)


@pytest.mark.parametrize("name", [SAMPLE, "attio-members.csv"])
def test_the_script_writes_the_attio_samples_that_are_there(name):
    assert (samples_folder() / name).read_bytes() == MAKER["sample_texts"]()[name].encode()


def test_a_check_of_the_attio_sample_finds_the_rows_that_it_was_made_to_have(rehearsal):
    checked = rehearsal.check("attio", SAMPLE)
    assert checked.counts == {"created": 45, "duplicate": 1, "rejected": 4}
    assert checked.problems == [
        (13, "missing_required", "$status"),
        (22, "invalid_date", "$dueAt"),
        (32, "missing_required", "$assignedTo"),
        (42, "missing_required", "$title"),
    ]


def test_a_rehearsal_of_the_attio_sample_creates_the_rest(ran):
    assert ran.counts == {"created": 45, "duplicate": 1, "rejected": 4}
    assert ran.payloads["40d5843c-b27f-4656-af4e-fbba3009e56b"] == {
        "$title": "Send the mutual NDA",
        "$status": "TODO",
        "$dueAt": "2026-11-06T13:22:49.000Z",
        "$assignedTo": "4a4724bf-7d64-413d-8c2f-f3302f051967",
        "$account": "220e6477-7443-43d2-9875-c42491723172",
    }
    assert ran.payloads["a21f95f9-5b4a-4700-9104-214f4c01f1a3"]["$dueAt"] == "2026-11-06T22:00:00.000Z"


def test_nine_digits_of_a_second_in_attio_are_read_to_the_millisecond(ran):
    assert ran.payloads["0eb0fe92-1473-4cf0-b21e-e1acf4dfe8bc"]["$dueAt"] == "2026-11-07T09:22:49.061Z"


def test_the_first_company_and_the_first_deal_of_an_attio_task_are_linked_wherever_they_stand(ran):
    with_both = ran.payloads["0eb0fe92-1473-4cf0-b21e-e1acf4dfe8bc"]
    assert with_both["$account"] == "41f0abdd-63d5-43ce-8f29-0b883cf5a743"
    assert with_both["$opportunity"] == "afd06a2f-ed02-4380-9cca-23fdfe4ce6d4"
    assert "$account" not in ran.payloads["26c1f61b-9d9c-4f28-a462-b511f4449831"]


@pytest.mark.parametrize(
    "company",
    [
        {"target_record_id": "c1", "target_object_id": "companies"},
        {"target_object_id": "companies", "added_at": "2026-11-05", "target_record_id": "c1"},
        {"target_record_id": "c1", "note": None, "target_object_id": "companies", "position": 3},
        {"target_object_id": "97052eb9-e65e-443f-a297-f2d9a4a7f795", "target_object": "companies", "target_record_id": "c1"},
    ],
)
def test_a_link_of_an_attio_task_is_read_whatever_the_order_of_its_keys_and_with_others_among_them(rehearsal, company):
    task = {"id": {"task_id": "t1"}, "content_plaintext": "Call", "deadline_at": None, "is_completed": False}
    task["assignees"] = [{"referenced_actor_type": "workspace-member", "referenced_actor_id": "m1"}]
    first = {**company, "target_record_id": "p1"} | {key: "people" for key, value in company.items() if value == "companies"}
    deal = {**company, "target_record_id": "d1"} | {key: "deals" for key, value in company.items() if value == "companies"}
    task["linked_records"] = [first, company, deal, {**company, "target_record_id": "c2"}]
    ran = rehearsal.run("attio", rehearsal.write("linked.ndjson", json.dumps(task)))
    assert (ran.payloads["t1"]["$account"], ran.payloads["t1"]["$opportunity"]) == ("c1", "d1")


def test_ids_of_attio_members_become_e_mails_by_a_table_of_them(rehearsal):
    rehearsal.write("members.csv", (samples_folder() / "attio-members.csv").read_bytes())
    assigned = {"values": [{"file": "members.csv", "from": "workspace_member_id", "to": "email_address"}, "lookups.csv"]}
    ran = rehearsal.run("attio", SAMPLE, limit=12, timezone="America/New_York", map={"$assignedTo": assigned})
    assert ran.payloads["40d5843c-b27f-4656-af4e-fbba3009e56b"]["$assignedTo"] == "ops@acme.example"
    assert all(task["$assignedTo"].endswith("@acme.example") for task in ran.payloads.values())
