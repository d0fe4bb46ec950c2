"""Does the Trello preset read a board's export?"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from etl.config.presets import samples_folder

MAKER = runpy.run_path(str(Path(__file__).parent / "make_trello.py"))
SAMPLE = "trello-tasks.csv"


@pytest.fixture(scope="module")
def ran(rehearsal):
    return rehearsal.sample_run("trello", SAMPLE)


def test_the_script_writes_the_trello_sample_that_is_there():
    assert (samples_folder() / SAMPLE).read_bytes() == MAKER["sample_text"]().encode()


def test_a_check_of_the_trello_sample_finds_the_rows_that_it_was_made_to_have(rehearsal):
    checked = rehearsal.check("trello", SAMPLE)
    assert checked.counts == {"created": 45, "duplicate": 1, "excluded": 2, "rejected": 4}
    assert checked.problems == [
        (14, "unknown_status", "$status"),
        (17, "unknown_status", "$status"),
        (24, "missing_required", "$assignedTo"),
        (40, "invalid_date", "$dueAt"),
    ]
    assert "2  Waiting for customer" in checked.said


def test_a_rehearsal_of_the_trello_sample_creates_the_rest(ran):
    assert ran.counts == {"created": 45, "duplicate": 1, "excluded": 2, "rejected": 4}
    assert ran.payloads["4fb9581e8ea1269ffca07f5d"] == {
        "$title": 'Rename "Phase 2"',
        "$status": "COMPLETE",
        "$description": "See [the offer](https://offers.example.com/7?a=1&b=2)\n\nMembers in Trello: Maria Lopez, Daniel Dubois",
        "$dueAt": "2026-10-10T10:00:00.000Z",
        "$assignedTo": "Maria Lopez",
    }
    assert ran.payloads["4867d999133483cc668f3eaf"] == {
        "$title": "Größere Lizenz anbieten",
        "$status": "TODO",
        "$assignedTo": "Lee Chen",
    }


def test_a_list_of_ones_own_on_a_trello_board_takes_one_line(rehearsal):
    ran = rehearsal.run("trello", SAMPLE, limit=16, map={"$status": {"values": {"Waiting for customer": "IN_PROGRESS"}}})
    assert ran.counts == {"created": 15, "duplicate": 1}
