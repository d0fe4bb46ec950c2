"""Is the sample what the demo needs?"""

from __future__ import annotations

import csv
import runpy
from pathlib import Path

import pytest

from etl.config.presets import preset_path, samples_folder
from etl.config.reader import read_config
from etl.sandbox.sample import companies, deals, people

MAKER = runpy.run_path(str(Path(__file__).parent / "make_hubspot.py"))


@pytest.fixture(scope="module")
def rows():
    with (samples_folder() / "hubspot-tasks.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


def test_the_script_writes_the_sample_that_is_there():
    assert (samples_folder() / "hubspot-tasks.csv").read_bytes() == MAKER["sample_text"]().encode()


def test_the_sample_has_the_columns_that_the_preset_maps(rows):
    job = read_config(preset_path("hubspot"), {}).job
    assert set(job.source.key) <= set(rows[0])
    for rule in job.map.values():
        assert set(rule.column) & set(rows[0])


def test_the_sample_has_about_250_tasks_and_few_troubled_rows(rows):
    assert len(rows) - 1 == 259
    keys = [row[0] for row in rows[1:]]
    assert len(set(keys)) == 257
    assert sum(len(row) != len(rows[0]) for row in rows) == 1


def test_members_companies_and_deals_are_those_of_the_practise_workspace():
    assert set(MAKER["MEMBERS"]) <= {person.email for person in people()}
    assert not set(MAKER["LEFT"]) & {person.email for person in people()}
    assert set(MAKER["COMPANIES"]) <= {company.name for company in companies()}
    assert not set(MAKER["UNKNOWN_COMPANIES"]) & {company.name for company in companies()}
    assert set(MAKER["DEALS"].values()) <= {name for name, _ in deals()}


def test_who_takes_over_from_people_who_left_is_a_member():
    assert read_config(preset_path("hubspot"), {}).job.map["$assignedTo"].unknown in MAKER["MEMBERS"]
