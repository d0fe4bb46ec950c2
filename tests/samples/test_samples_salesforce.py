"""Do Salesforce's exports become tasks: the backup, a Data Loader file, a query with names?"""

from __future__ import annotations

import runpy
import shutil
import zipfile
from pathlib import Path

import pytest

from etl.config.presets import samples_folder

MAKER = runpy.run_path(str(Path(__file__).parent / "make_salesforce.py"))

REJECTED = [
    (22, "missing_required", "$assignedTo"),
    (34, "duplicate_key", ""),
    (43, "unknown_status", "$status"),
    (64, "duplicate_key", ""),
    (75, "missing_required", "$title"),
    (86, "missing_key", "Id"),
    (97, "invalid_date", "$dueAt"),
]
"""Of the backup: the rows that the sample was made to have."""


@pytest.fixture(scope="module")
def backup(rehearsal):
    return rehearsal.sample_run("salesforce", "salesforce-tasks.zip")


@pytest.mark.parametrize("name", MAKER["samples"]())
def test_the_script_writes_the_samples_that_are_there(name):
    assert (samples_folder() / name).read_bytes() == MAKER["samples"]()[name]


def test_a_backup_is_rejected_where_it_was_made_to_be(rehearsal, backup):
    assert rehearsal.check("salesforce", "salesforce-tasks.zip").counts == backup.counts
    assert backup.counts == {"created": 69, "excluded": 32, "rejected": 7}
    assert backup.problems == REJECTED


def test_a_row_of_the_backup_becomes_a_task_with_the_names_of_its_ids(backup):
    assert backup.payloads[MAKER["task_id"](0)] == {
        "$title": "Call José Angström",
        "$status": "COMPLETE",
        "$dueAt": "2026-11-12T22:00:00.000Z",
        "$assignedTo": "ana.almeida@acme.example",
        "$account": "Acme Corp",
        "$opportunity": "Acme Corp - Renewal 2027",
    }


def test_a_link_to_an_object_of_the_organizations_own_has_its_line(backup):
    assert backup.payloads[MAKER["task_id"](2)] == {
        "$title": "Prüfen: Vertrag Acme Corp",
        "$status": "IN_PROGRESS",
        "$description": (
            "Spoke with José Angström: budget is < 50k & approved, *two* options wanted.\n\n"
            f"Related to: {MAKER['salesforce_id']('a0f', 52)}"
        ),
        "$dueAt": "2026-11-30T22:00:00.000Z",
        "$assignedTo": "ana.almeida@acme.example",
    }


def test_a_closed_task_is_complete_whatever_the_organization_calls_it(backup):
    assert backup.payloads[MAKER["task_id"](36)]["$status"] == "COMPLETE"


def test_the_file_inside_the_backup_is_the_same_without_its_zip(rehearsal, backup):
    folder = rehearsal.folder / "unpacked"
    with zipfile.ZipFile(samples_folder() / "salesforce-tasks.zip") as archive:
        archive.extractall(folder)
    # Side files are looked for beside the data, too.
    assert rehearsal.run("salesforce", folder / "Task.csv").payloads == backup.payloads


def test_data_loaders_file_alone_is_read_and_says_which_side_files_would_help(rehearsal):
    loaded = rehearsal.sample_run("salesforce", "salesforce-data-loader.csv")
    assert loaded.counts == {"created": 15, "excluded": 8, "rejected": 1}
    assert loaded.problems == [(22, "missing_required", "$assignedTo")]
    assert loaded.payloads[MAKER["task_id"](0)]["$assignedTo"] == MAKER["user_id"](4)
    said = " ".join(loaded.said.split())
    assert "User.csv, Account.csv, Opportunity.csv not found: $assignedTo, $account, $opportunity are taken as they stand" in said


def test_data_loaders_file_with_side_files_becomes_the_tasks_of_the_backup(rehearsal, backup):
    folder = rehearsal.folder / "loaded"
    with zipfile.ZipFile(samples_folder() / "salesforce-tasks.zip") as archive:
        archive.extractall(folder, ["User.csv", "Account.csv", "Opportunity.csv"])
    shutil.copy(samples_folder() / "salesforce-data-loader.csv", folder)
    loaded = rehearsal.run("salesforce", folder / "salesforce-data-loader.csv").payloads
    assert loaded == {key: backup.payloads[key] for key in loaded}


def test_a_query_that_asks_for_names_needs_no_side_file(rehearsal, backup):
    asked = rehearsal.sample_run("salesforce", "salesforce-cli.csv")
    assert asked.counts == {"created": 15, "excluded": 8, "rejected": 1}
    assert asked.payloads[MAKER["task_id"](0)] == backup.payloads[MAKER["task_id"](0)]
    assert asked.payloads[MAKER["task_id"](2)]["$description"].endswith("Related to: Invoice run 2026-11")
