"""Does the Odoo preset read exports of tasks, with labels and with field names?"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from etl.config.presets import samples_folder

MAKER = runpy.run_path(str(Path(__file__).parent / "make_odoo.py"))
LABELLED, KEYED = "odoo-tasks.csv", "odoo-keys.csv"


@pytest.fixture(scope="module")
def ran(rehearsal):
    return rehearsal.sample_run("odoo", LABELLED)


@pytest.mark.parametrize("name", [LABELLED, KEYED])
def test_the_script_writes_the_odoo_samples_that_are_there(name):
    assert (samples_folder() / name).read_bytes() == MAKER["sample_texts"]()[name].encode()


def test_a_check_of_the_odoo_sample_finds_the_rows_that_it_was_made_to_have(rehearsal):
    checked = rehearsal.check("odoo", LABELLED)
    assert checked.counts == {"created": 42, "duplicate": 1, "rejected": 4}
    assert checked.problems == [
        (18, "missing_required", "$title"),
        (26, "missing_required", "$assignedTo"),
        (34, "unknown_status", "$status"),
        (44, "invalid_date", "$dueAt"),
    ]


def test_a_rehearsal_of_the_odoo_sample_creates_the_rest(ran):
    assert ran.counts == {"created": 42, "duplicate": 1, "rejected": 4}
    assert ran.payloads["__export__.project_task_301_00245f03"] == {
        "$title": "Fix the invoice, second copy",
        "$status": "IN_PROGRESS",
        "$description": "Call first.\n\n- seats\n- dates\n\nAssignees in Odoo: Sam Rivera,Ben Brandt",
        "$dueAt": "2026-11-03T01:00:00.000Z",
        "$assignedTo": "Sam Rivera",
        "$account": "Blue Harbor Health",
    }
    assert ran.payloads["__export__.project_task_304_0024bbd0"] == {
        "$title": "Quote: 5 seats",
        "$status": "COMPLETE",
        "$assignedTo": "Ana Almeida",
    }


def test_an_import_compatible_odoo_export_says_the_same_in_other_words(rehearsal, ran):
    keyed = rehearsal.run("odoo", KEYED, limit=8).payloads
    assert keyed == {key: ran.payloads[key] for key in keyed}
