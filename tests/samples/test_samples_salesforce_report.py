"""Does a Salesforce report become tasks?"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from etl.config.presets import samples_folder

MAKER = runpy.run_path(str(Path(__file__).parent / "make_salesforce_report.py"))


@pytest.fixture(scope="module")
def report(rehearsal):
    return rehearsal.sample_run("salesforce-report", "salesforce-report-tasks.csv")


def test_the_script_writes_the_sample_that_is_there():
    assert (samples_folder() / "salesforce-report-tasks.csv").read_bytes() == MAKER["sample_bytes"]()


def test_a_report_is_rejected_where_it_was_made_to_be(rehearsal, report):
    assert rehearsal.check("salesforce-report", "salesforce-report-tasks.csv").counts == report.counts
    assert report.counts == {"created": 60, "excluded": 3, "rejected": 4}
    assert report.problems == [
        (12, "missing_required", "$assignedTo"),
        (23, "unknown_status", "$status"),
        (34, "missing_required", "$title"),
        (63, "invalid_date", "$dueAt"),
    ]


def test_rows_of_the_report_become_tasks(report):
    assert report.payloads[MAKER["activity_id"](1)] == {
        "$title": "Send proposal to Acme Corp",
        "$status": "IN_PROGRESS",
        "$description": "Left a voicemail.",
        "$dueAt": "2026-11-16T22:00:00.000Z",
        "$assignedTo": "Sam Rivera",
        "$account": "Acme Corp",
        "$opportunity": "Acme Corp - Renewal 2027",
    }
    assert report.payloads[MAKER["activity_id"](2)] == {
        "$title": "Prüfen: Angebot Müller & Söhne GmbH",
        "$status": "IN_PROGRESS",
        "$description": "Wants two options:\n- annual\n- monthly",
        "$dueAt": "2026-12-09T22:00:00.000Z",
        "$assignedTo": "Sam Rivera",
        "$account": "Müller & Söhne GmbH",
    }


def test_ids_that_differ_in_case_alone_are_different_tasks(report):
    one, other = MAKER["activity_id"](0), MAKER["activity_id"](1)
    assert one != other
    assert one.casefold() == other.casefold()
    assert {one, other} <= report.payloads.keys()
