"""Every row of the source is held against its task, over all runs, and the numbers add up; nothing is written."""

from __future__ import annotations

import csv
import json
import stat
from random import Random

import httpx
import pytest

from etl.report.verified import VERIFIED_COLUMNS

DUE = "2026-12-01T09:00:00Z"


def imported(bench, rows, **config):
    bench.config(**config)
    bench.rows(rows)
    summary = bench.job()
    bench.clock.jump(minutes=5)
    bench.sandbox.requests.clear()
    return summary


def verified(bench, **options):
    """The receipt of a verify."""
    summary = bench.job("verify", **options)
    assert summary.exit_code in {0, 1}, summary.message
    return json.loads((folder_of(bench, summary) / "receipt.json").read_text())


def folder_of(bench, summary):
    return bench.folder / "results" / summary.run_id


def classes(bench, **options):
    return {name: rows for name, rows in verified(bench, **options)["classes"].items() if rows}


def lines(bench, summary):
    path = folder_of(bench, summary) / "verify.csv"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        found = list(reader)
    assert tuple(reader.fieldnames) == VERIFIED_COLUMNS
    return found


def test_what_an_undo_wrote_is_known_to_be_ours(bench):
    imported(bench, ["A"])
    assert bench.counts(bench.job("undo", data=(), by_cancel=True)) == {"updated": 1}
    bench.clock.jump(minutes=5)
    summary = bench.job("verify")
    [line] = lines(bench, summary)
    assert (line["class"], line["field"], line["written"], line["source"], line["lightfield"]) == (
        "differs",
        "$status",
        "CANCELLED",
        "TODO",
        "CANCELLED",
    )
    assert "nobody can tell" not in line["message"]


def trash(bench, title):
    bench.sandbox.tasks.trash(bench.task(title), bench.clock.now(), trashed=True)


def gets(bench):
    """Requests about tasks, as (list, retrieve)."""
    assert {visit.method for visit in bench.sandbox.requests} == {"GET"}
    paths = [visit.path for visit in bench.sandbox.requests]
    return paths.count("/v1/tasks"), sum(path.startswith("/v1/tasks/tsk_") for path in paths)


def others(bench, number=100):
    """So many tasks of other people that a list page holds few of ours."""
    for place in range(number):
        bench.seed(f"other {place}")


def test_a_read_only_key_is_enough_and_only_what_the_list_shows_otherwise_is_retrieved(bench):
    imported(bench, [f"T{number}" for number in range(60)], mode="sync")
    bench.rows(["new", "new", *(f"T{number}" for number in range(2, 60))])
    bench.edit("T0", title="new")
    bench.workspace.add_key(bench.key, scopes=("tasks:read", "members:read"))
    bench.edit("T7", status="COMPLETE", dueAt=DUE)
    trash(bench, "T9")
    assert classes(bench) == {"equal": 57, "edited": 1, "differs": 1, "missing": 1}
    assert gets(bench) == (1 + 3, 3)


def test_where_the_list_is_longer_than_the_rows_their_tasks_are_retrieved_and_edits_are_no_fault(bench):
    others(bench)
    imported(bench, [{"Title": title, "Due": DUE, "Notes": "a  \nb\n"} for title in "ABC"])
    bench.edit("A", status="COMPLETE")
    summary = bench.job("verify")
    assert (summary.exit_code, summary.next_command) == (0, None)
    assert (summary.classes["edited"], summary.classes["equal"]) == (1, 2)
    assert gets(bench) == (1, 3)


def test_its_files_are_private_and_the_receipt_names_files_workspace_and_runs(bench):
    run = imported(bench, ["A", "B"])
    latest = (bench.folder / "results" / "latest").resolve()
    trash(bench, "A")
    summary = bench.job("verify")
    assert (bench.folder / "results" / "latest").resolve() == latest
    made = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder_of(bench, summary).iterdir()}
    assert made == dict.fromkeys(("receipt.json", "receipt.html", "verify.csv", "summary.json", "report.html"), 0o600)
    assert summary.files[:3] == ("receipt.html", "verify.csv", "receipt.json")
    receipt = json.loads((folder_of(bench, summary) / "receipt.json").read_text())
    [file] = receipt["files"]
    assert (file["path"], file["rows"], file["sha256"]) == ("rows.csv", 2, run.data[0].sha256)
    assert receipt["workspace"]["key_last_four"] == bench.key[-4:]
    assert [each["run_id"] for each in receipt["runs"]] == [run.run_id]


def test_each_row_is_exactly_one_thing_and_the_sum_comes_out(bench):
    bench.config(source={"key": "Id", "exclude": "Status = 'gone'"})
    rows = [
        {"Title": "same"},
        {"Title": "edited"},
        {"Title": "changed"},
        {"Title": "trashed"},
        {"Title": "never sent"},
        {"Title": "out", "Status": "gone"},
        {"Title": "same", "Id": 1},
        {"Title": ""},
        {"Title": "lost"},
    ]
    bench.rows([rows[0], rows[1], rows[2], rows[3], {**rows[5], "Id": 6}, {**rows[7], "Id": 8}, {**rows[8], "Id": 9}])
    bench.transport.lost = {"lost": False}
    bench.job()
    bench.transport.lost = {}
    bench.clock.jump(minutes=5)
    bench.edit("edited", status="COMPLETE")
    trash(bench, "trashed")
    rows[2] = {"Title": "changed since"}
    bench.rows(rows)
    summary = bench.job("verify")
    assert summary.exit_code == 1
    receipt = json.loads((folder_of(bench, summary) / "receipt.json").read_text())
    assert receipt["sentence"] == "9 rows = 3 tasks + 2 missing + 1 excluded + 1 duplicate + 1 rejected + 1 failed"
    assert set(receipt["classes"].values()) == {1, 2}
    told = {line["row"]: (line["class"], line["field"]) for line in lines(bench, summary)}
    assert told == {
        "3": ("edited", "$status"),
        "4": ("differs", "$title"),
        "5": ("missing", ""),
        "6": ("missing", ""),
        "9": ("rejected", "$title"),
        "10": ("failed", ""),
    }
    assert list(told) == sorted(told, key=int)
    assert "5 rows need a person: 1 differs, 2 are missing, 1 was rejected, 1 failed" in summary.message
    assert sum(summary.counts.values()) == summary.rows == 9


def test_a_difference_shows_what_was_written_what_the_source_says_and_what_the_task_holds(bench):
    imported(bench, ["A", "B"])
    bench.edit("A", title="A by hand")
    bench.rows(["A by the source", "B"])
    summary = bench.job("verify")
    [line] = lines(bench, summary)
    assert (line["class"], line["written"], line["source"], line["lightfield"]) == ("differs", "A", "A by the source", "A by hand")
    assert line["task_id"] == bench.task("A by hand").id
    assert line["url"].endswith(line["task_id"])
    assert summary.exit_code == 1


def test_it_looks_over_all_runs_and_run_narrows_to_one(bench):
    bench.rows(["A", "B"])
    first = bench.job()
    bench.rows(["A", "B", "C", "D", "E"])
    second = bench.job()
    bench.clock.jump(minutes=5)
    trash(bench, "B")
    assert classes(bench) == {"equal": 4, "missing": 1}
    assert classes(bench, run=first.run_id) == {"equal": 1, "missing": 1}
    receipt = verified(bench, run=second.run_id)
    assert (receipt["rows"], receipt["of_run"], receipt["runs_total"]) == (3, second.run_id, 2)
    assert receipt["first_run_at"] < receipt["last_run_at"]


def test_a_run_that_the_ledger_does_not_know_is_named(bench):
    imported(bench, ["A"])
    summary = bench.job("verify", run="20200101T000000Z-000000")
    assert (summary.exit_code, summary.reason) == (2, "settings")


def test_without_a_ledger_it_says_what_to_do(bench):
    bench.rows(["A"])
    summary = bench.job("verify")
    assert (summary.exit_code, summary.reason) == (2, "ledger")
    assert summary.next_command == "lightfield-etl reconcile jobs.yaml rows.csv"
    assert not list((bench.folder / "results").glob("*/receipt.*"))


def test_a_task_that_the_list_does_not_show_yet_is_retrieved_before_it_is_called_missing(bench):
    imported(bench, [f"T{number}" for number in range(30)])
    bench.sandbox.house.list_lag_seconds = 30.0
    bench.rows([f"T{number}" for number in range(40)])
    bench.job()
    bench.sandbox.requests.clear()
    receipt = verified(bench)
    assert (receipt["classes"]["equal"], receipt["looked_by"]) == (40, "list")
    assert gets(bench) == (3, 10)
    assert receipt["as_of"] < receipt["verified_at"]


def test_the_list_is_read_no_further_than_the_imports_first_run(bench):
    others(bench, 500)
    imported(bench, [f"T{number}" for number in range(60)])
    bench.clock.jump(hours=3)
    assert classes(bench) == {"equal": 60}
    assert gets(bench) == (1 + 1 + 8, 0)  # the first again, and eight ahead of it


def test_how_lightfield_writes_it_is_no_difference_unless_something_is_lost(bench):
    bench.rows([{"Title": "kept", "Notes": "* one"}, {"Title": "cut", "Notes": "a long text"}])
    wrote = bench.sandbox.tasks.create

    def create(draft, now, **more):
        notes = {"* one": "- one\n", "a long text": "a long"}
        draft.fields["$description"] = notes[draft.fields["$description"]]
        return wrote(draft, now, **more)

    bench.sandbox.tasks.create = create
    bench.job()
    summary = bench.job("verify")
    [line] = lines(bench, summary)
    assert (line["class"], line["field"], line["source"], line["lightfield"]) == ("differs", "$description", "a long text", "a long")
    assert line["message"] == "Lightfield kept it otherwise than it was written"
    assert (summary.classes["equal"], summary.classes["differs"]) == (1, 1)


def test_a_rebuilt_ledger_does_not_pretend_to_know_who_changed_a_task(bench):
    imported(bench, ["A", "B"], stamp=True)
    for path in bench.folder.glob("jobs.ledger*"):
        path.unlink()
    bench.edit("A", title="A by hand")
    bench.job("reconcile")
    summary = bench.job("verify")
    [line] = lines(bench, summary)
    assert (line["class"], line["written"]) == ("differs", "")
    assert "does not hold what was last written" in line["message"]


def test_tasks_of_rows_that_are_not_in_the_file_are_told_beside_it(bench):
    imported(bench, ["A", "B", "C"])
    bench.rows(["A"])
    receipt = verified(bench)
    assert (receipt["sentence"], receipt["tasks_of_other_rows"]) == ("1 row = 1 task", 2)
    assert "2 further tasks of this import" in bench.said.getvalue()


def test_what_was_undone_is_missing(bench):
    imported(bench, ["A", "B"])
    bench.job("undo", data=())
    assert classes(bench) == {"missing": 2}


def test_a_lost_connection_stops_it_and_leaves_no_receipt(bench):
    imported(bench, [f"T{number}" for number in range(3)])
    answer = bench.transport.handle_async_request

    async def broken(request):
        if request.url.path.startswith("/v1/tasks/tsk_"):
            raise httpx.ReadError("the connection was reset")
        return await answer(request)

    others(bench)
    bench.transport.handle_async_request = broken
    summary = bench.job("verify")
    assert (summary.exit_code, summary.reason) == (3, "service_down")
    assert not (folder_of(bench, summary) / "receipt.json").exists()


def test_of_each_sync_step_verify_says_the_same(bench):
    bench.config(mode="sync")
    bench.rows(["A", "B", "C"])
    bench.job()
    bench.edit("C", status="COMPLETE")
    bench.rows(["A2", "B", "C", "D"])
    assert classes(bench) == {"equal": 1, "edited": 1, "differs": 1, "missing": 1}
    synced = bench.job()
    assert classes(bench) == {"equal": 3, "edited": 1}
    bench.job("undo", data=(), run=synced.run_id)
    bench.rows(["A", "B", "C"])
    assert classes(bench) == {"equal": 2, "edited": 1}


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happened_each_row_is_called_what_it_is(bench, seed):
    dice = Random(seed)
    others(bench, 800 * (seed % 2))
    rows = [{"Title": f"T{number}", "Notes": dice.choice(["", "call", "two\nlines "]), "Due": DUE} for number in range(30)]
    imported(bench, rows, source={"key": "Id", "exclude": "Status = 'gone'"})
    expected = []
    for number, row in enumerate(rows):
        fate = dice.choice(["equal", "edited", "differs", "missing", "excluded", "rejected", "both", "alike", "equal"])
        if fate in {"edited", "both"}:
            bench.edit(row["Title"], description=f"by hand {number}")
        if fate == "alike":
            bench.edit(row["Title"], description="agreed")
        if fate == "missing":
            trash(bench, row["Title"])
        change = {
            "differs": {"Title": f"new {number}"},
            "both": {"Notes": f"by the source {number}"},
            "alike": {"Notes": "agreed"},
            "excluded": {"Status": "gone"},
            "rejected": {"Owner": "nobody@acme.example"},
        }
        rows[number] = {**row, **change.get(fate, {})}
        expected.append({"both": "differs", "alike": "equal"}.get(fate, fate))
    rows += [{"Title": "new"}, {**rows[0], "Id": 1}]
    expected += ["missing", {"excluded": "excluded", "rejected": "rejected"}.get(expected[0], "duplicate")]
    bench.rows(rows)
    assert classes(bench) == {name: expected.count(name) for name in dict.fromkeys(expected)}
