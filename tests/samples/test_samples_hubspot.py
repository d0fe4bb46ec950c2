"""Is the sample what the demo needs?"""

from __future__ import annotations

import csv
import runpy
import shutil
from datetime import UTC, datetime
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


@pytest.mark.parametrize("name", MAKER["texts"]())
def test_the_script_writes_the_samples_that_are_there(name):
    assert (samples_folder() / name).read_bytes() == MAKER["texts"]()[name].encode()


def test_the_sample_has_the_columns_that_the_preset_maps(rows):
    job = read_config(preset_path("hubspot"), {}).job
    assert all(set(aliases) & set(rows[0]) for aliases in job.source.key)
    for rule in job.map.values():
        assert set(rule.column) & set(rows[0])


def test_the_rows_that_were_made_to_be_rejected_are(rehearsal):
    checked = rehearsal.check("hubspot", "hubspot-tasks.csv", timezone="America/New_York")
    assert checked.counts == {"created": 249, "duplicate": 1, "rejected": 9}
    assert checked.kinds == {
        "duplicate_key": 2,
        "invalid_date": 1,
        "mangled_key": 1,
        "missing_key": 1,
        "missing_required": 2,
        "too_many_fields": 1,
        "unknown_status": 1,
    }


@pytest.fixture(scope="module")
def both(rehearsal):
    """A run over the export with labels and the one with internal names, some of whose tasks are the same."""
    for name in ("hubspot-owners.csv",):
        shutil.copy(samples_folder() / name, rehearsal.folder)
    owners = {"values": {"file": "hubspot-owners.csv", "from": "Id", "to": "Email"}}
    data = ["hubspot-internal.csv", "hubspot-tasks.csv"]
    return rehearsal.run("hubspot", data, timezone="America/New_York", map={"$assignedTo": owners})


def test_pitfall_13_labels_and_internal_names_in_one_input(both):
    """Each file has its own spelling of every column, of the key too: a task that stands in both is seen to be one."""
    assert both.counts == {"created": 275, "duplicate": 1, "rejected": 23}
    assert both.kinds["duplicate_key"] == 2 + 2 * 5
    assert both.payloads["81204411100"] == {
        "$title": "Follow up with Łukasz Nowak",
        "$status": "COMPLETE",
        "$dueAt": "2026-11-09T17:30:00.000Z",
        "$assignedTo": "alex.kim@acme.example",
    }


def test_epoch_milliseconds_and_utc_times_are_the_instants_that_they_say(both):
    with (samples_folder() / "hubspot-internal.csv").open(newline="", encoding="utf-8") as stream:
        said = {row["hs_object_id"]: row["hs_timestamp"] for row in csv.DictReader(stream)}
    of_this_file_alone = [key for key in said if key in both.payloads and key > "81204410000"]
    assert len(of_this_file_alone) > 20
    for key in of_this_file_alone:
        text = said[key]
        instant = datetime.fromtimestamp(int(text) / 1000, UTC) if text.isdigit() else datetime.fromisoformat(text)
        assert datetime.fromisoformat(both.payloads[key]["$dueAt"]) == instant


def test_pitfall_7_of_several_companies_the_first_is_linked_and_the_others_are_written_down(both, rows):
    place = rows[0].index("Associated Company")
    several = [row for row in rows[1:] if row[place].endswith(";Delta Capital") and row[0] in both.payloads]
    assert several
    for row in several:
        payload = both.payloads[row[0]]
        assert payload["$account"] == row[place].removesuffix(";Delta Capital")
        assert payload["$description"].endswith("Associated Company: Delta Capital (not linked: only the first of several is taken)")


def test_pitfall_8_a_body_of_html_becomes_markdown_and_plain_text_stays(both):
    bodies = "\n".join(payload.get("$description", "") for payload in both.payloads.values())
    assert "**" in bodies
    assert "* annual" in bodies or "- annual" in bodies
    assert "Budget is < 50k & approved." in bodies
    assert "<p>" not in bodies


def test_pitfall_12_dates_that_a_spreadsheet_wrote_anew_are_read_in_the_order_that_the_file_proves(rehearsal):
    header = ["Record ID", "Task title", "Task status", "Task body", "Due date", "Assigned to"]
    rows = [[str(n), "Call", "Not started", "", due, "a@b.example"] for n, due in enumerate(("1/10/2026 21:52", "13/2/2026 9:05"))]
    path = rehearsal.write("saved-again.csv", [header, *rows])
    run = rehearsal.run("hubspot", path, timezone="UTC")
    assert [payload["$dueAt"] for payload in run.payloads.values()] == ["2026-10-01T21:52:00.000Z", "2026-02-13T09:05:00.000Z"]


def test_pitfall_13_headers_of_another_language_are_told_with_the_headers_that_were_found(rehearsal):
    path = rehearsal.write("deutsch.csv", [["Datensatz-ID", "Aufgabentitel", "Aufgabenstatus"], ["1", "Anruf", "Offen"]])
    summary = rehearsal.check("hubspot", path, timezone="Europe/Berlin").summary
    assert summary.exit_code == 2
    assert "has no column 'Record ID' or 'hs_object_id'" in summary.message
    assert "are: Datensatz-ID, Aufgabentitel, Aufgabenstatus" in summary.message


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
    assert read_config(samples_folder() / "hubspot-tasks.yaml", {}).job.map["$assignedTo"].unknown in MAKER["MEMBERS"]
