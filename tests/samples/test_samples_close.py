"""Does the Close preset read what Close's API answers?"""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

from etl.config.presets import samples_folder

MAKER = runpy.run_path(str(Path(__file__).parent / "make_close.py"))
SAMPLE = "close-tasks.ndjson"


@pytest.fixture(scope="module")
def ran(rehearsal):
    return rehearsal.sample_run("close", SAMPLE)


@pytest.fixture(scope="module")
def sources():
    return [json.loads(line) for line in (samples_folder() / SAMPLE).read_text(encoding="utf-8").splitlines()]


def test_the_script_writes_the_close_sample_that_is_there():
    assert (samples_folder() / SAMPLE).read_bytes() == MAKER["sample_text"]().encode()


def test_a_check_of_the_close_sample_finds_the_rows_that_it_was_made_to_have(rehearsal):
    checked = rehearsal.check("close", SAMPLE)
    assert checked.counts == {"created": 50, "duplicate": 1, "excluded": 4, "rejected": 4}
    assert checked.problems == [
        (11, "missing_required", "$status"),
        (17, "invalid_date", "$dueAt"),
        (36, "missing_required", "$title"),
        (48, "missing_required", "$assignedTo"),
    ]


def test_a_rehearsal_of_the_close_sample_creates_the_rest(ran):
    assert ran.counts == {"created": 50, "duplicate": 1, "excluded": 4, "rejected": 4}
    assert ran.payloads["task_gSjZE0JJ1CBF9evxuAlRfWrECZC9zF3y0jlBqdHwwLq"] == {
        "$title": "Call Northwind Textiles about the pilot",
        "$status": "TODO",
        "$dueAt": "2026-10-31T08:30:15.000Z",
        "$assignedTo": "Olivia Ops",
        "$account": "Northwind Textiles",
    }
    assert ran.payloads["task_aq57Gj1LGmqa37c6Na4olru3TjnixMYmPPPdOdZReyJ"] == {
        "$title": "Send the revised quote",
        "$status": "COMPLETE",
        "$description": "Send the revised quote\n\nThree seats more, and the discount that Lee promised.\nDeadline is theirs, not ours.",
        "$dueAt": "2026-10-31T21:00:00.000Z",
        "$assignedTo": "Sam Rivera",
        "$account": "Acme Corp",
    }


def test_what_is_in_the_inbox_of_close_stays_out(ran, sources):
    excluded = [int(line["row"]) for line in ran.results if line["action"] == "excluded"]
    assert [sources[row - 1]["_type"] for row in excluded] == ["voicemail", "missed_call", "email_followup", "incoming_email"]


def test_a_long_close_text_is_cut_to_a_title_and_kept_whole_as_the_description(rehearsal, sources):
    text = "We " + "really " * 60 + "must"
    path = rehearsal.write("long.ndjson", json.dumps({**sources[0], "text": text}) + "\n")
    [task] = rehearsal.run("close", path).payloads.values()
    assert len(task["$title"]) == 200
    assert task["$description"] == text
