"""Do Pipedrive's activities become tasks, with plain and with prefixed headers?"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from etl.config.presets import samples_folder

MAKER = runpy.run_path(str(Path(__file__).parent / "make_pipedrive.py"))


@pytest.fixture(scope="module")
def plain(rehearsal):
    return rehearsal.sample_run("pipedrive", "pipedrive-tasks.csv")


@pytest.mark.parametrize("name", MAKER["samples"]())
def test_the_script_writes_the_samples_that_are_there(name):
    assert (samples_folder() / name).read_bytes() == MAKER["samples"]()[name].encode()


def test_activities_are_rejected_where_they_were_made_to_be(rehearsal, plain):
    assert rehearsal.check("pipedrive", "pipedrive-tasks.csv").counts == plain.counts
    assert plain.counts == {"created": 60, "excluded": 10, "rejected": 5}
    assert plain.problems == [
        (32, "missing_required", "$assignedTo"),
        (43, "unknown_status", "$status"),
        (54, "missing_required", "$title"),
        (60, "invalid_date", "$dueAt"),
        (71, "invalid_date", "$dueAt"),
    ]


def test_activities_become_tasks(plain):
    assert plain.payloads["20411"] == {
        "$title": "Send contract to Northwind Logistics",
        "$status": "COMPLETE",
        "$dueAt": "2026-12-22T15:30:00.000Z",
        "$assignedTo": "Ana Almeida",
        "$account": "Northwind Logistics",
    }
    assert plain.payloads["20414"] == {
        "$title": "Prepare demo: Northwind Logistics",
        "$status": "TODO",
        "$description": "Wants **two** options:\n\n- annual\n- monthly\n\nContact: José Ångström",
        "$dueAt": "2026-12-27T22:00:00.000Z",
        "$assignedTo": "Maria Lopez",
        "$account": "Northwind Logistics",
        "$opportunity": "Northwind Logistics - Platform licence",
    }


def test_prefixed_headers_mean_the_same(rehearsal, plain):
    prefixed = rehearsal.sample_run("pipedrive", "pipedrive-prefixed.csv")
    assert prefixed.counts == {"created": 30}
    assert prefixed.payloads == {key: plain.payloads[key] for key in prefixed.payloads}
