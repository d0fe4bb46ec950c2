"""Does the monday.com preset read a board's export?"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from etl.config.presets import samples_folder

MAKER = runpy.run_path(str(Path(__file__).parent / "make_monday.py"))
SAMPLE = "monday-tasks.csv"


@pytest.fixture(scope="module")
def ran(rehearsal):
    return rehearsal.sample_run("monday", SAMPLE)


def test_the_script_writes_the_monday_sample_that_is_there():
    assert (samples_folder() / SAMPLE).read_bytes() == MAKER["sample_text"]().encode()


def test_a_check_of_the_monday_sample_finds_the_rows_that_it_was_made_to_have(rehearsal):
    checked = rehearsal.check("monday", SAMPLE)
    assert checked.counts == {"created": 47, "excluded": 8, "rejected": 5}
    assert checked.problems == [
        (26, "unknown_status", "$status"),
        (33, "duplicate_key", ""),
        (49, "missing_required", "$assignedTo"),
        (50, "duplicate_key", ""),
        (73, "mangled_key", "Item ID (auto generated)"),
    ]


def test_a_rehearsal_of_the_monday_sample_creates_the_rest(ran):
    assert ran.counts == {"created": 47, "excluded": 8, "rejected": 5}
    assert ran.payloads["18020110404"] == {
        "$title": 'Draft "terms"',
        "$status": "IN_PROGRESS",
        "$description": "They want A, B and C",
        "$dueAt": "2026-11-04T22:00:00.000Z",
        "$assignedTo": "Maria Lopez",
        "$account": "Blue Harbor Energy",
    }
    assert ran.payloads["18020110528"] == {
        "$title": "Renewal Blue Harbor Media, three years",
        "$status": "COMPLETE",
        "$description": "They want A, B and C",
        "$assignedTo": "Chloe Cho",
    }


def test_items_of_each_group_of_a_monday_board_are_created(ran):
    first_of_groups = [str(MAKER["FIRST_ID"] + 31 * MAKER["ROWS_A_GROUP"] * group) for group in range(len(MAKER["GROUPS"]))]
    assert set(first_of_groups) <= set(ran.payloads)


def test_subitems_of_monday_stay_out_and_are_counted(ran):
    assert sum(line["action"] == "excluded" for line in ran.results) == 8
    assert "18020110467" not in ran.payloads
    assert "below subitem headers: refused, but for those that source.exclude keeps out" in ran.said


def test_two_columns_of_one_name_on_a_monday_board_do_no_harm(ran):
    assert MAKER["HEADER"].count("Phone Number") == 2
    assert "Phone Number_2" in ran.said
