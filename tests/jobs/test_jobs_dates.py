"""What is decided of dates for a whole input, and what is said of it."""

from __future__ import annotations

import json

import pytest

import etl
from tests.jobs.conftest import OWNERS

CONFIG = """
name: dates
{zone}
source: {{key: Id, exclude: "Title = 'mail'"}}
map:
  $title: Title
  $status: {{value: TODO}}
  $assignedTo: {{column: Owner, lookup: member.email}}
  $dueAt:
    template: "{{Due}} {{Time}}"
    formats: [{formats}]
"""
BOTH = '"%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y", "%m/%d/%Y"'


@pytest.fixture
def look(tmp_path, monkeypatch):
    """Checks files of dates, each ``day`` or ``day time`` or ``title|day``, and gives the summary."""
    monkeypatch.chdir(tmp_path)

    def look(*files, zone="America/New_York", formats=BOTH, **options):
        (tmp_path / "config.yaml").write_text(CONFIG.format(zone=f"timezone: {zone}" if zone else "", formats=formats))
        names = []
        for number, dates in enumerate(files):
            names.append(f"{'ab'[number]}.csv")
            lines = [f"{number}-{index},{word}" for index, word in enumerate(map(_cells, dates))]
            (tmp_path / names[-1]).write_text("\n".join(["Id,Title,Due,Time,Owner", *lines]) + "\n")
        return etl.check("config.yaml", names, offline=True, **options)

    return look


def _cells(word):
    title, _, when = word.rpartition("|")
    day, _, time = when.partition(" ")
    return f"{title or 'x'},{day},{time},sam@acme.example"


@pytest.mark.parametrize("proof", ["25/03/2026", "03/25/2026 10:00"])
def test_one_date_proves_the_order_of_all(look, proof):
    summary = look(["03/04/2026"], [proof])
    assert (summary.exit_code, summary.counts["created"]) == (0, 2)


def test_an_input_that_leaves_the_order_open_stops_with_the_evidence_and_what_to_write(look):
    summary = look(["03/04/2026 10:00", "05/05/2026", "04/05/2026"])
    assert (summary.exit_code, summary.reason) == (2, "source")
    assert "config.yaml:11:5: map.$dueAt.formats: reads days before months and months before days" in summary.message
    assert "2 could be either (a.csv row 2: '03/04/2026 10:00', a.csv row 4: '04/05/2026')" in summary.message
    assert 'formats: ["%d/%m/%Y %H:%M", "%d/%m/%Y"] where the day comes first' in summary.next_command


def test_an_input_that_proves_both_orders_stops_with_the_evidence_of_each(look):
    summary = look(["25/03/2026", "03/04/2026"], ["03/26/2026"])
    assert (summary.exit_code, summary.counts["created"]) == (2, 0)
    assert "only if the day comes first (a.csv row 2: '25/03/2026')" in summary.message
    assert "only if the month does (b.csv row 2: '03/26/2026'); 1 could be either" in summary.message
    assert "in one order" in summary.next_command


def test_dates_that_are_the_same_in_both_orders_leave_nothing_open(look):
    assert look(["05/05/2026", "x|"]).exit_code == 0


def test_excluded_rows_prove_nothing(look):
    assert look(["03/04/2026", "mail|25/03/2026"]).exit_code == 2


def test_with_a_limit_too_the_whole_input_is_asked(look):
    summary = look(["03/04/2026", "25/03/2026"], limit=1)
    assert (summary.exit_code, summary.rows) == (0, 1)


def test_times_without_a_zone_stop_where_none_is_configured(look):
    summary = look(["25/03/2026 10:00"], zone=None)
    assert (summary.exit_code, summary.reason) == (2, "source")
    assert "a.csv: times carry no zone, and the config names none (row 2: '25/03/2026 10:00')" in summary.message
    assert "add a line such as `timezone: America/New_York` to" in summary.next_command


def test_skipped_and_repeated_times_are_sent_counted_and_shown(look, tmp_path):
    summary = look(["03/08/2026 02:30", "03/08/2026 02:45", "11/01/2026 01:30", "03/08/2026 10:00"], formats='"%m/%d/%Y %H:%M"')
    assert (summary.exit_code, summary.counts["created"], summary.counts["rejected"]) == (0, 4, 0)
    assert [(kind.code, kind.field, kind.rows) for kind in summary.remarks] == [
        ("skipped_time", "$dueAt", 2),
        ("repeated_time", "$dueAt", 1),
    ]
    first = summary.remarks[0].examples[0]
    assert (first.row, first.file) == (2, "a.csv")
    assert first.message.endswith("does not exist in its zone, as clocks go forward then; read as 2026-03-08T07:30:00Z")
    folder = tmp_path / "results" / summary.run_id
    assert json.loads((folder / "summary.json").read_text())["remarks"][0]["rows"] == 2
    assert not (folder / "failures.csv").exists()


def test_a_failures_file_whose_dates_prove_nothing_is_read_as_the_run_that_left_its_rows(bench):
    both = {"column": "Due", "formats": ["%d/%m/%Y", "%m/%d/%Y"]}
    map_ = json.loads((bench.folder / "jobs.yaml").read_text())["map"]
    bench.config(map={**map_, "$dueAt": both}, timezone="Europe/Berlin")
    bench.rows([{"Title": "a", "Due": "25/03/2026"}, {"Title": "b", "Due": "01/02/2026", "Owner": "nobody@x.example"}])
    first = bench.job()
    assert bench.counts(first) == {"created": 1, "rejected": 1}
    left = (bench.folder / "results" / first.run_id / "failures.csv").read_text(encoding="utf-8-sig")
    (bench.folder / "mended.csv").write_text(left.replace("nobody@x.example", OWNERS[0]))
    second = bench.job(data=("mended.csv",))
    assert bench.counts(second) == {"created": 1}
    assert bench.task("b").fields["$dueAt"] == "2026-01-31T23:00:00.000Z"
    assert "as in the run that left these rows" in bench.said.getvalue()


def test_another_input_whose_dates_prove_nothing_still_stops_the_run(bench):
    both = {"column": "Due", "formats": ["%d/%m/%Y", "%m/%d/%Y"]}
    map_ = json.loads((bench.folder / "jobs.yaml").read_text())["map"]
    bench.config(map={**map_, "$dueAt": both}, timezone="Europe/Berlin")
    bench.rows([{"Title": "a", "Due": "25/03/2026"}])
    assert bench.counts(bench.job()) == {"created": 1}
    bench.rows([{"Title": "a", "Due": "01/02/2026"}])
    assert bench.job().exit_code == 2
