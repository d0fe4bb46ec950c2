"""Does the Asana preset read what Asana exports?"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from etl.config.presets import samples_folder

MAKER = runpy.run_path(str(Path(__file__).parent / "make_asana.py"))
SAMPLE = "asana-tasks.csv"


@pytest.fixture(scope="module")
def ran(rehearsal):
    return rehearsal.sample_run("asana", SAMPLE)


def test_the_script_writes_the_asana_sample_that_is_there():
    assert (samples_folder() / SAMPLE).read_bytes() == MAKER["sample_text"]().encode()


def test_a_check_of_the_asana_sample_finds_the_rows_that_it_was_made_to_have(rehearsal):
    checked = rehearsal.check("asana", SAMPLE)
    assert checked.counts == {"created": 61, "duplicate": 1, "rejected": 4}
    assert checked.problems == [
        (24, "missing_required", "$title"),
        (35, "invalid_date", "$dueAt"),
        (46, "missing_required", "$assignedTo"),
        (57, "mangled_key", "Task ID"),
    ]


def test_a_rehearsal_of_the_asana_sample_creates_the_rest(ran):
    assert ran.counts == {"created": 61, "duplicate": 1, "rejected": 4}
    assert ran.payloads["1206113408554241"] == {
        "$title": "Übergabe an den Support vorbereiten",
        "$status": "COMPLETE",
        "$description": "1 < 2 & 3 > 2: plain text, no markup.\n\nSubtask of Onboard Northwind Energy",
        "$dueAt": "2026-11-14T22:00:00.000Z",
        "$assignedTo": "lee@acme.example",
    }
    assert ran.payloads["1206113408556267"] == {
        "$title": "🚀 Go-live Northwind Health",
        "$status": "TODO",
        "$assignedTo": "ben.brandt@acme.example",
    }


def asana(rehearsal, *rows):
    """A file with these cells below Task ID, Completed At, Name, Assignee, Assignee Email, Due Date and Notes."""
    header = ("Task ID", "Completed At", "Name", "Assignee", "Assignee Email", "Due Date", "Notes", "Parent task")
    return rehearsal.write("asana.csv", [header, *((str(1206113408551202 + place), "", *row, "") for place, row in enumerate(rows))])


def test_an_asana_assignee_without_an_e_mail_is_looked_up_by_name_and_not_taken_for_nobody(rehearsal):
    rows = [("One", "Sam Rivera", "", "", ""), ("Two", "Kim Lee", "kim@acme.example", "", ""), ("Three", "", "", "", "")]
    assigned = {"$assignedTo": {"empty": "nobody@acme.example"}}
    ran = rehearsal.run("asana", asana(rehearsal, *rows), timezone="Europe/Berlin", map=assigned)
    assert [task["$assignedTo"] for task in ran.payloads.values()] == ["Sam Rivera", "kim@acme.example", "nobody@acme.example"]


def test_an_asana_task_without_a_name_is_called_by_the_first_line_of_its_notes(rehearsal):
    ran = rehearsal.run("asana", asana(rehearsal, (" ", "", "kim@acme.example", "", "Call the bank\nbefore noon")))
    [task] = ran.payloads.values()
    assert (task["$title"], task["$description"]) == ("Call the bank", "Call the bank\nbefore noon")


def test_what_asana_completed_is_complete_and_all_else_to_do(ran):
    assert {task["$status"] for task in ran.payloads.values()} == {"TODO", "COMPLETE"}
    assert sum(task["$status"] == "COMPLETE" for task in ran.payloads.values()) == 15


def test_the_columns_of_an_asana_board_can_be_the_status_instead(rehearsal):
    sections = {"Backlog": "TODO", "This week": "IN_PROGRESS", "Waiting for customer": "IN_PROGRESS", "Done": "COMPLETE"}
    status = {"column": "Section/Column", "values": sections, "empty": "TODO"}
    ran = rehearsal.run("asana", SAMPLE, limit=3, timezone="Europe/Berlin", map={"$status": status})
    assert ran.payloads["1206113408552215"]["$status"] == "IN_PROGRESS"
    assert ran.payloads["1206113408552215"]["$dueAt"] == "2026-11-12T16:00:00.000Z"
