"""Who a row is hangs on its key alone: not on a preset's version, nor on which name the key's column has in today's file."""

from __future__ import annotations

import csv
import json

import pytest

PRESET = {
    "name": "crm-tasks",
    "source": {"key": [["Record ID", "record_id"]]},
    "map": {
        "$title": ["Title", "title"],
        "$status": {"column": ["Status", "state"], "values": {"open": "TODO"}, "empty": "TODO"},
        "$assignedTo": {"column": ["Owner", "owner"], "lookup": "member.email"},
    },
}
LABELS = ["Record ID", "Title", "Status", "Owner"]
NAMES = ["record_id", "title", "state", "owner"]


@pytest.fixture
def preset(bench, monkeypatch):
    """Ships a preset called crm, and a config of the user's that extends it."""
    folder = bench.folder / "presets"
    folder.mkdir()
    monkeypatch.setattr("etl.config.presets.presets_folder", lambda: folder)

    def ship(**changes):
        (folder / "crm.yaml").write_text(json.dumps({**PRESET, **changes}))
        (bench.folder / "jobs.yaml").write_text("extends: crm\nname: ours\nlimits: {attempts: 1}\n")

    ship()
    return ship


@pytest.fixture
def run(bench, preset):
    """Runs files of (key, title) and gives each row's key, idempotency key and action."""

    def run(*files, header=LABELS, names=None):
        for number, rows in enumerate(files):
            with (bench.folder / f"rows{number}.csv").open("w", newline="") as stream:
                told = [[key, title, "open", "sam@acme.example"] for key, title in rows]
                csv.writer(stream).writerows([names[number] if names else header, *told])
        summary = bench.job(data=tuple(f"rows{number}.csv" for number in range(len(files))))
        if "results.csv" not in summary.files:
            return summary
        return [(line["source_key"], line["idempotency_key"], line["action"]) for line in bench.results(summary)]

    return run


def test_the_idempotency_key_of_a_row_is_the_same_for_ever(run):
    """A literal: within 24 hours of an upgrade another key would create every task a second time."""
    assert run([["81204400000", "Call"]]) == [
        ("81204400000", "lfetl1-9a10f794d0c9fd42f19940a3a95f3f44735a3fae8312f45396c8c7b8b0a5b33e", "created"),
    ]


def test_a_new_version_of_a_preset_changes_no_identity(preset, run):
    """Its map, its aliases, its own name and zone may change between two nights: no row looks new."""
    [(key, _, action)] = run([["7", "Call"]])
    assert (key, action) == ("7", "created")
    preset(
        name="another-example",
        timezone="Asia/Tokyo",
        source={"key": [["ID", "record_id", "Record ID"]], "null_values": ["", "n/a"]},
        map={**PRESET["map"], "$title": {"column": "Title", "max_length": 2}},
    )
    first, second = run([["7", "Call"], ["8", "Mail"]])
    assert (first[0], first[2]) == ("7", "changed")
    preset()
    assert run([["7", "Call"], ["8", "Ma"]]) == [("7", "", "unchanged"), ("8", "", "unchanged")]
    assert second[2] == "created"


def test_a_later_file_may_call_the_key_by_another_of_its_names(preset, run):
    run([["1", "One"]])
    assert [line[2] for line in run([["1", "One"], ["2", "Two"]], header=NAMES)] == ["unchanged", "created"]
    assert [line[2] for line in run([["1", "One"], ["2", "Two"]])] == ["unchanged", "unchanged"]


def test_files_of_one_input_may_call_the_key_by_different_names(preset, run):
    found = run([["1", "One"]], [["2", "Two"], ["1", "One"]], names=[LABELS, NAMES])
    assert [(key, action) for key, _, action in found] == [("1", "created"), ("2", "created"), ("1", "duplicate")]


def test_a_name_that_is_dropped_while_rows_are_known_by_it_stops_the_run(preset, run):
    run([["1", "One"]])
    preset(source={"key": "record_id"})
    summary = run([["1", "One"]], header=NAMES)
    assert (summary.exit_code, summary.reason) == (2, "ledger")
    assert "are identified by the column record id; now it would be by the column record_id" in summary.message
    assert 'say both: key: [["record_id", "record id"]]' in summary.next_command
    preset(source={"key": [["record_id", "record id"]]})
    assert [line[2] for line in run([["1", "One"]], header=NAMES)] == ["unchanged"]


def test_a_failures_file_of_both_shapes_gives_each_row_the_key_of_its_own_column(bench, preset, run):
    """What a spreadsheet ruined has no key yet: the mended cell stands in the column that its file had."""
    run([["1", "One"]], [["2.5E+15", "Two"]], names=[LABELS, NAMES])
    [failures] = (bench.folder / "results").glob("2*/failures.csv")
    with failures.open(encoding="utf-8-sig", newline="") as stream:
        header, row = csv.reader(stream)
    assert header[:8] == [*LABELS, *NAMES]
    mended = ["2500000000000001" if cell == "2.5E+15" else cell for cell in row]
    mended[:4] = ["", "Two", "open", "sam@acme.example"]
    with (bench.folder / "mended.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([header, mended])
    summary = bench.job(data=("mended.csv",))
    assert [(line["source_key"], line["action"]) for line in bench.results(summary)] == [("2500000000000001", "created")]
