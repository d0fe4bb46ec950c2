"""Does the Dynamics preset read a view's export, and a dump of the table?"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from etl.config.presets import samples_folder

MAKER = runpy.run_path(str(Path(__file__).parent / "make_dynamics.py"))
LABELLED, DUMPED = "dynamics-tasks.csv", "dynamics-api.csv"


@pytest.fixture(scope="module")
def labelled(rehearsal):
    return rehearsal.sample_run("dynamics", LABELLED)


@pytest.fixture(scope="module")
def dumped(rehearsal):
    return rehearsal.sample_run("dynamics", DUMPED)


@pytest.mark.parametrize("name", [LABELLED, DUMPED])
def test_the_script_writes_the_dynamics_samples_that_are_there(name):
    assert (samples_folder() / name).read_bytes() == MAKER["sample_texts"]()[name].encode()


@pytest.mark.parametrize(("name", "key"), [(LABELLED, "(Do Not Modify) Task"), (DUMPED, "activityid")])
def test_a_check_of_the_dynamics_samples_finds_the_rows_that_they_were_made_to_have(rehearsal, name, key):
    checked = rehearsal.check("dynamics", name)
    assert checked.counts == {"created": 40, "duplicate": 1, "rejected": 4}
    assert checked.problems == [
        (10, "missing_required", "$title"),
        (17, "unknown_status", "$status"),
        (32, "missing_key", key),
        (42, "missing_required", "$assignedTo"),
    ]


def test_a_rehearsal_of_a_dynamics_view_creates_the_rest(labelled):
    assert labelled.counts == {"created": 40, "duplicate": 1, "rejected": 4}
    assert labelled.payloads["a61f7f39-02f8-8991-ab82-6491e1adf5fd"] == {
        "$title": "Prepare the offer, three options",
        "$status": "IN_PROGRESS",
        "$description": "Ask about seats.\r\nAnd about the start date.",
        "$dueAt": "2026-10-26T22:05:00.000Z",
        "$assignedTo": "Sam Rivera",
        "$account": "Northwind Logistics",
    }


def test_a_rehearsal_of_a_dynamics_dump_creates_the_rest(dumped):
    assert dumped.counts == {"created": 40, "duplicate": 1, "rejected": 4}
    assert dumped.payloads["e94837c1-92e6-b70d-13dc-14dd01600b32"] == {
        "$title": "Vertrag mit Northwind Robotics prüfen",
        "$status": "COMPLETE",
        "$dueAt": "2026-10-27T16:05:00.000Z",
        "$assignedTo": "Lee Chen",
        "$opportunity": "Northwind Logistics - Platform licence",
    }
    assert dumped.payloads["3b4a9710-73b2-953b-358a-00866f6e7c65"]["$description"].endswith("Regarding contact: Priya Natarajan")


def test_both_dynamics_exports_say_the_same_of_title_status_date_and_assignee(labelled, dumped):
    same = ("$title", "$status", "$dueAt", "$assignedTo")
    assert [{name: task.get(name) for name in same} for task in labelled.payloads.values()] == [
        {name: task.get(name) for name in same} for task in dumped.payloads.values()
    ]


def test_each_status_of_dynamics_has_its_own_in_lightfield_and_one_of_the_users_own_counts_as_its_state(labelled):
    statuses = [task["$status"] for task in labelled.payloads.values()]
    assert statuses[:8] == ["TODO", "IN_PROGRESS", "IN_PROGRESS", "COMPLETE", "CANCELLED", "TODO", "TODO", "COMPLETE"]
