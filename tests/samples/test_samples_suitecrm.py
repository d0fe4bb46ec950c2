"""Does the SuiteCRM preset read what SuiteCRM exports?"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from etl.config.presets import samples_folder

MAKER = runpy.run_path(str(Path(__file__).parent / "make_suitecrm.py"))
SAMPLE = "suitecrm-tasks.csv"


@pytest.fixture(scope="module")
def ran(rehearsal):
    return rehearsal.sample_run("suitecrm", SAMPLE)


def test_the_script_writes_the_suitecrm_sample_that_is_there():
    assert (samples_folder() / SAMPLE).read_bytes() == MAKER["sample_text"]().encode()


def test_a_check_of_the_suitecrm_sample_finds_the_rows_that_it_was_made_to_have(rehearsal):
    checked = rehearsal.check("suitecrm", SAMPLE)
    assert checked.counts == {"created": 48, "duplicate": 1, "excluded": 2, "rejected": 4}
    assert checked.problems == [
        (15, "missing_required", "$title"),
        (24, "invalid_date", "$dueAt"),
        (36, "missing_required", "$assignedTo"),
        (43, "unknown_status", "$status"),
    ]


def test_a_rehearsal_of_the_suitecrm_sample_creates_the_rest(ran):
    assert ran.counts == {"created": 48, "duplicate": 1, "excluded": 2, "rejected": 4}
    assert ran.payloads["c9df2d97-ae72-0219-ccdd-67f220f3879d"] == {
        "$title": "Call about the contract",
        "$status": "TODO",
        "$dueAt": "2026-10-21T12:15:00.000Z",
        "$assignedTo": "Olivia Ops",
        "$account": "9ac80625-d7d8-4a9d-fdea-186c26a9b1a3",
    }
    assert ran.payloads["2b8c6727-2f36-cc0c-5000-e022ca1a9e65"] == {
        "$title": 'Check "terms" page',
        "$status": "IN_PROGRESS",
        "$description": "Ask for:\r\n* budget\r\n* dates\n\nRelated to Contacts e5f6a31e-44ae-f18b-4ea2-e98606d3ca87",
        "$dueAt": "2026-10-22T10:15:00.000Z",
        "$assignedTo": "Maria Lopez",
    }


def test_ids_of_suitecrm_accounts_become_names_by_the_export_of_their_list(rehearsal):
    account = {"values": {"file": "Accounts.csv", "from": "ID", "to": "Name"}}
    rehearsal.write("Accounts.csv", [["Name", "ID"], ["Acme Corp", "9ac80625-d7d8-4a9d-fdea-186c26a9b1a3"]])
    ran = rehearsal.run("suitecrm", SAMPLE, limit=2, timezone="Europe/Copenhagen", map={"$account": account})
    assert ran.payloads["c9df2d97-ae72-0219-ccdd-67f220f3879d"]["$account"] == "Acme Corp"


def test_a_suitecrm_word_of_another_language_stops_its_row_and_is_named(ran):
    assert "'Aflyst'" in ran.message(43)
    assert "map.$status.values" in ran.message(43)
