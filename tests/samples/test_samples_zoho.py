"""Do Zoho's tasks become tasks, from an export and from a backup?"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from etl.config.presets import samples_folder

MAKER = runpy.run_path(str(Path(__file__).parent / "make_zoho.py"))
NUMBER = 37
"""Between the ids of two rows."""


@pytest.fixture(scope="module")
def exported(rehearsal):
    return rehearsal.sample_run("zoho", "zoho-tasks.csv")


@pytest.mark.parametrize("name", MAKER["samples"]())
def test_the_script_writes_the_samples_that_are_there(name):
    assert (samples_folder() / name).read_bytes() == MAKER["samples"]()[name]


def test_tasks_are_rejected_where_they_were_made_to_be(rehearsal, exported):
    assert rehearsal.check("zoho", "zoho-tasks.csv").counts == exported.counts
    assert exported.counts == {"created": 60, "rejected": 5}
    assert exported.problems == [
        (12, "missing_required", "$assignedTo"),
        (23, "missing_key", "Record Id"),
        (34, "unknown_status", "$status"),
        (45, "missing_required", "$title"),
        (56, "invalid_date", "$dueAt"),
    ]


def test_a_task_of_the_export_is_looked_for_among_accounts_and_opportunities(exported):
    # A rehearsal knows every name: as an account, and as an opportunity.
    assert exported.payloads[MAKER["zoho_id"](NUMBER)] == {
        "$title": "Email quotation to Northwind Foods - Onboarding",
        "$status": "TODO",
        "$description": "Left a voicemail.\n\nRelated to: Northwind Foods - Onboarding\n\nContact: José Ångström",
        "$dueAt": "2026-11-27T14:30:00.000Z",
        "$assignedTo": "Lee Chen",
        "$account": "Northwind Foods - Onboarding",
        "$opportunity": "Northwind Foods - Onboarding",
    }


def test_a_backup_says_which_module_a_task_is_related_to(rehearsal):
    backup = rehearsal.sample_run("zoho", "zoho-backup.csv")
    assert backup.counts == {"created": 24}
    assert backup.payloads[MAKER["zoho_id"](0)] == {
        "$title": "Call Acme Corp",
        "$status": "TODO",
        "$description": "Related to: Acme Corp\n\nContact: Priya Natarajan",
        "$dueAt": "2026-11-10T22:00:00.000Z",
        "$assignedTo": "Maria Lopez",
        "$account": "Acme Corp",
    }
    case = backup.payloads[MAKER["zoho_id"](7 * NUMBER)]
    assert "Related to: Case 1093: invoice lost" in case["$description"]
    assert {"$account", "$opportunity"}.isdisjoint(case)
