"""The pitfalls of real exports, for the systems about which less is known, by the numbers of ``tests/test_pitfalls.py``."""

from __future__ import annotations

import csv
import json

import pytest
from ruamel.yaml import YAML

from etl.config.presets import preset_path, samples_folder

ASANA = ("Task ID", "Completed At", "Name", "Assignee Email", "Due Date", "Notes", "Projects", "Parent task")
ACTIVITIES = (
    ("ID", "Activity Type", "Summary", "Note", "Due Date", "Assigned to", "Document Model", "Document Name", "State"),
    ("71", "Call", "", "<p>Ask for <b>the order</b></p>", "2026-11-05", "Sam Rivera", "crm.lead", "Acme Corp - Renewal 2027", "Overdue"),
    ("72", "To Do", "Send the price list", "", "2026-11-06", "Lee Chen", "res.partner", "Acme Corp", "Planned"),
)


def asana_row(number: int, due: str, projects: str = "Onboarding") -> tuple[str, ...]:
    return (str(1_206_113_408_551_202 + number), "", f"Task {number}", "sam@acme.example", due, "", projects, "")


def test_pitfall_6_what_a_dynamics_task_regards_is_linked_by_its_table_and_else_kept_as_a_line(rehearsal):
    ran = rehearsal.sample_run("dynamics", "dynamics-api.csv")
    assert {("$account" in task, "$opportunity" in task) for task in ran.payloads.values()} == {
        (True, False),
        (False, True),
        (False, False),
    }
    linked_to_none = [task.get("$description", "") for task in ran.payloads.values() if not {"$account", "$opportunity"} & set(task)]
    assert {line for text in linked_to_none for line in text.splitlines() if line.startswith("Regarding")} == {
        "Regarding contact: Priya Natarajan"
    }


@pytest.mark.parametrize(
    ("preset", "sample", "listed"),
    [
        ("monday", "monday-tasks.csv", "People in monday: Ben Brandt, Sam Rivera"),
        ("odoo", "odoo-tasks.csv", "Assignees in Odoo: Sam Rivera,Ben Brandt"),
        ("trello", "trello-tasks.csv", "Members in Trello: Maria Lopez, Daniel Dubois"),
    ],
)
def test_pitfall_7_of_several_people_in_a_cell_the_first_is_assigned_and_all_are_listed(rehearsal, preset, sample, listed):
    ran = rehearsal.sample_run(preset, sample)
    task = next(task for task in ran.payloads.values() if task.get("$description", "").endswith(listed))
    assert task["$assignedTo"] == listed.partition(": ")[2].partition(",")[0]


def test_pitfall_7_of_several_people_of_an_attio_task_the_first_is_assigned(rehearsal):
    with (samples_folder() / "attio-tasks.ndjson").open(encoding="utf-8") as lines:
        task = next(task for task in map(json.loads, lines) if len(task["assignees"]) > 1)
    ran = rehearsal.sample_run("attio", "attio-tasks.ndjson")
    assert ran.payloads[task["id"]["task_id"]]["$assignedTo"] == task["assignees"][0]["referenced_actor_id"]


def test_pitfall_10_the_date_of_a_dateless_close_task_is_no_due_date(rehearsal):
    with (samples_folder() / "close-tasks.ndjson").open(encoding="utf-8") as lines:
        dateless = {task["id"]: task["date"] for task in map(json.loads, lines) if task["is_dateless"]}
    assert all(dateless.values())
    ran = rehearsal.sample_run("close", "close-tasks.ndjson")
    assert {key for key, task in ran.payloads.items() if "$dueAt" not in task} == dateless.keys() & ran.payloads.keys()


def test_pitfall_10_the_computed_state_of_an_odoo_activity_is_no_status(rehearsal):
    """Read with the lines that the preset's comment gives for activities."""
    comment = preset_path("odoo").read_text(encoding="utf-8").partition("#     name: acme-odoo-activities\n")[2].partition("\n\n")[0]
    lines = YAML(typ="safe").load("\n".join(line.removeprefix("#     ") for line in comment.splitlines()))
    ran = rehearsal.run("odoo", rehearsal.write("activities.csv", ACTIVITIES), timezone="Europe/Brussels", **lines)
    assert ran.payloads == {
        "71": {
            "$title": "Call",
            "$status": "TODO",
            "$description": "Ask for **the order**",
            "$dueAt": "2026-11-05T16:00:00.000Z",
            "$assignedTo": "Sam Rivera",
            "$opportunity": "Acme Corp - Renewal 2027",
        },
        "72": {
            "$title": "Send the price list",
            "$status": "TODO",
            "$dueAt": "2026-11-06T16:00:00.000Z",
            "$assignedTo": "Lee Chen",
            "$account": "Acme Corp",
        },
    }


def test_pitfall_11_the_name_of_a_monday_board_its_group_titles_and_repeated_headers_are_no_items_and_are_counted(rehearsal):
    ran = rehearsal.sample_run("monday", "monday-tasks.csv")
    assert "row 3 is taken for the header; the 2 above it are not read" in ran.said
    assert "2 repeated headers, 2 group titles" in ran.said
    assert not {"Name", "Next month", "Later, maybe"} & {line["Name"] for line in ran.failures}


def test_pitfall_11_the_sheet_that_asana_links_is_read_below_its_address_and_blank_rows(rehearsal):
    rows = [["https://app.asana.com/0/1206113408551202/list"], [], [], ASANA, asana_row(1, "2026-09-22")]
    ran = rehearsal.run("asana", rehearsal.write("sheet.csv", rows))
    assert ran.counts == {"created": 1}
    assert "row 4 is taken for the header" in ran.said


def test_pitfall_12_the_order_of_day_and_month_in_a_resaved_asana_file_is_what_its_rows_prove(rehearsal):
    ran = rehearsal.run("asana", rehearsal.write("resaved.csv", [ASANA, asana_row(1, "22/9/2026"), asana_row(2, "3/9/2026")]))
    assert [task["$dueAt"] for task in ran.payloads.values()] == ["2026-09-22T21:00:00.000Z", "2026-09-03T21:00:00.000Z"]


def test_pitfall_12_a_resaved_asana_file_whose_rows_prove_no_order_stops_with_the_evidence(rehearsal):
    ended = rehearsal.run("asana", rehearsal.write("unclear.csv", [ASANA, asana_row(1, "2/9/2026"), asana_row(2, "3/9/2026")]))
    assert ended.summary.exit_code == 2
    assert ended.counts == {}
    assert "2/9/2026" in ended.summary.message


def test_pitfall_12_a_european_suitecrm_file_is_read_by_its_semicolons(rehearsal):
    with (samples_folder() / "suitecrm-tasks.csv").open(encoding="utf-8", newline="") as stream:
        header, first, second, *_ = csv.reader(stream)
    due = header.index("Due Date")
    rows = [header, [*first[:due], "21.10.2026 14:15", *first[due + 1 :]], [*second[:due], "03.11.2026 08:00", *second[due + 1 :]]]
    path = rehearsal.write("Tasks.csv", rows, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    ran = rehearsal.run("suitecrm", path, timezone="Europe/Copenhagen")
    assert [task["$dueAt"] for task in ran.payloads.values()] == ["2026-10-21T12:15:00.000Z", "2026-11-03T07:00:00.000Z"]


def test_pitfall_13_suitecrm_headers_of_another_language_are_refused_and_named(rehearsal):
    ended = rehearsal.check(
        "suitecrm", rehearsal.write("Opgaver.csv", [["Emne", "ID", "Status", "Forfaldsdato"], ["Ring", "1", "Aflyst", ""]])
    )
    assert ended.summary.exit_code == 2
    assert "no column 'Subject'" in ended.summary.message
    assert "Emne, ID, Status, Forfaldsdato" in ended.summary.message


def test_pitfall_15_a_task_of_two_asana_projects_stands_in_both_files_and_is_created_once(rehearsal):
    shared = asana_row(2, "2026-09-23", "Onboarding,Renewals")
    one = rehearsal.write("onboarding.csv", [ASANA, asana_row(1, "2026-09-22"), shared])
    other = rehearsal.write("renewals.csv", [ASANA, shared, asana_row(3, "2026-09-24", "Renewals")])
    ran = rehearsal.run("asana", [one, other])
    assert ran.counts == {"created": 3, "duplicate": 1}
    assert [line["action"] for line in ran.results] == ["created", "created", "duplicate", "created"]
