"""``run``: every row of a file becomes exactly one task, whatever the file looks like."""

from __future__ import annotations

import csv
import stat

import polars as pl
import pytest

from etl.config.presets import samples_folder
from etl.sandbox.faults import Faults

RESULT_COLUMNS = [
    *("row", "file", "source_key", "action", "task_id", "url", "idempotency_key", "attempts"),
    *("http_status", "error_code", "error_field", "error_message", "finished_at"),
]


def test_every_row_becomes_the_task_that_the_map_says(desk, make_row):
    ended = desk.run([make_row(1, "Call Bob", "Open", "2026-03-04 14:00", "SAM@acme.example"), make_row(2, status="done")])
    assert ended.code == 0, ended.stderr
    task = desk.task("Call Bob")
    assert task.fields["$status"] == "TODO"
    assert task.fields["$dueAt"].startswith("2026-03-04T13:00:00")
    assert task.relationships["$assignedTo"] == [desk.member("sam@acme.example")]
    assert desk.task("Task 2").fields["$status"] == "COMPLETE"
    assert "$description" not in task.fields


def test_an_aliased_column_a_template_a_constant_and_names_are_understood(desk):
    columns = ("Id", "task_subject", "Notes", "Owner", "Company", "Deal")
    data = desk.csv([["7", "Call", "Line 1\nLine 2", "sam rivera", " acme corp", ""]], columns=columns)
    changes = {
        "$title": ["Task Title", "task_subject"],
        "$status": {"value": "IN_PROGRESS"},
        "$dueAt": None,
        "$description": {"template": "{Notes}\n\nFrom {{task}} {Id}."},
        "$assignedTo": {"column": "Owner", "lookup": "member.name"},
        "$account": {"column": "Company", "lookup": "account.name"},
        "$opportunity": {"column": "Deal", "lookup": "opportunity.name"},
    }
    ended = desk("run", desk.config(map=changes), data)
    assert ended.code == 0, ended.stderr
    task = desk.task("Call")
    assert task.fields["$description"] == "Line 1\nLine 2\n\nFrom {task} 7."
    acme = next(account.id for account in desk.sandbox.workspace.accounts if account.fields["$name"] == "Acme Corp")
    assert task.relationships["$account"] == [acme]
    assert "$opportunity" not in task.relationships


def test_running_again_sends_nothing(desk, make_row):
    rows = [make_row(1), make_row(2)]
    assert desk.run(rows).code == 0
    writes = desk.writes
    ended = desk.run(rows)
    assert (ended.code, ended.counts, desk.writes) == (0, {"unchanged": 2}, writes)
    assert [line["task_id"] for line in ended.results] == [desk.task("Task 1").id, desk.task("Task 2").id]


def test_a_row_that_changed_is_counted_and_not_sent(desk, make_row):
    desk.run([make_row(1), make_row(2)])
    ended = desk.run([make_row(1, title="Other"), make_row(2)])
    assert (ended.code, ended.counts) == (0, {"changed": 1, "unchanged": 1})
    assert desk.titles == ["Task 1", "Task 2"]


def test_what_failed_is_sent_again_by_the_same_command(desk, make_row):
    rows = [make_row(1), make_row(2, owner="former@acme.example")]
    assert desk.run(rows).code == 1
    left = next(member for member in desk.sandbox.workspace.members if member.fields["$email"] == "former@acme.example")
    left.active = True
    ended = desk.run(rows)
    assert (ended.code, ended.counts) == (0, {"created": 1, "unchanged": 1})


def test_a_rejected_row_that_the_source_mends_becomes_a_task(desk, make_row):
    assert desk.run([make_row(1), make_row(2, status="Opne")]).code == 1
    assert desk.run([make_row(1), make_row(2)]).counts == {"created": 1, "unchanged": 1}


def test_results_have_one_line_for_every_row_in_order_with_the_designed_columns(desk, make_row):
    rows = [
        make_row(1),
        make_row(2, title=""),
        make_row(3, status="Skip"),
        make_row(4),
        make_row(4),
        make_row(5, owner="former@acme.example"),
    ]
    ended = desk.run(rows, source={"exclude": "Status = 'Skip'"})
    with (ended.folder / "results.csv").open(encoding="utf-8", newline="") as stream:
        assert next(csv.reader(stream)) == RESULT_COLUMNS
    assert ended.actions() == ["created", "rejected", "excluded", "created", "duplicate", "failed"]
    assert [line["row"] for line in ended.results] == ["2", "3", "4", "5", "6", "7"]
    assert [line["source_key"] for line in ended.results] == ["1", "2", "3", "4", "4", "5"]
    assert ended.counts == {"created": 2, "rejected": 1, "excluded": 1, "duplicate": 1, "failed": 1}
    created = ended.results[0]
    task = desk.task("Task 1")
    assert (created["task_id"], created["attempts"]) == (task.id, "1")
    assert created["http_status"] in ("200", "201")
    assert created["url"].endswith(task.id)
    assert created["idempotency_key"]
    assert created["finished_at"].endswith("Z")
    assert ended.summary["rows"] == 6


def test_results_stay_in_order_when_answers_do_not(desk, make_row):
    desk.sandbox.set_faults(Faults(slow=0.3, slow_seconds=0.2, only_writes=1))
    ended = desk.run([make_row(number) for number in range(40)], "--concurrency", "20")
    assert [int(line["source_key"]) for line in ended.results] == list(range(40))


def test_rows_with_the_same_key_and_content_become_one_task(desk, make_row):
    ended = desk.run([make_row(1), make_row(2), make_row(1)])
    assert (ended.code, ended.actions(), desk.titles) == (0, ["created", "created", "duplicate"], ["Task 1", "Task 2"])


def test_several_columns_together_are_a_key(desk, make_row):
    rows = [make_row(1, "A"), make_row(1, "B"), make_row(2, "A")]
    ended = desk.run(rows, source={"key": ["Id", "Title"]})
    assert (ended.code, desk.titles) == (0, ["A", "A", "B"])
    assert desk.run(rows, source={"key": ["Id", "Title"]}).counts == {"unchanged": 3}


def test_without_a_key_identical_rows_are_as_many_tasks_once(desk, make_row):
    rows = [make_row(1), make_row(2), make_row(1)]
    ended = desk.run(rows, source={"key": "content"})
    assert (ended.code, desk.titles) == (0, ["Task 1", "Task 1", "Task 2"])
    again = desk.run([rows[2], rows[0], rows[1]], source={"key": "content"})
    assert (again.counts, len(desk.titles)) == ({"unchanged": 3}, 3)


def test_another_key_spec_over_known_rows_is_refused(desk, stopped, make_row):
    desk.run([make_row(1)])
    ended = desk.run([make_row(1)], source={"key": "Title"})
    message = stopped(ended, 2, "ledger")
    assert "id" in message.casefold()
    assert "title" in message.casefold()


def test_leading_zeros_and_long_numbers_survive_as_keys(desk, make_row):
    ended = desk.run([make_row("007"), make_row("1234567890123456789"), make_row("1.0")])
    assert [line["source_key"] for line in ended.results] == ["007", "1234567890123456789", "1"]


def test_the_format_of_the_file_makes_no_difference(desk, make_row, make_table):
    rows = [["Id", "Title", "Status", "Due", "Owner"], make_row(1, "Zoë, “née” Müller"), make_row(2, "two\nlines; and more")]
    files = {
        "plain.csv": make_table(rows).encode(),
        "bom.csv": b"\xef\xbb\xbf" + make_table(rows).encode(),
        "windows.csv": make_table(rows).replace("\n", "\r\n").replace("two\r\nlines", "two\nlines").encode(),
        "tabs.tsv": make_table(rows, delimiter="\t").encode(),
        "semicolons.csv": make_table(rows, delimiter=";").encode(),
        "utf16.csv": make_table(rows).encode("utf-16"),
        "utf16-tabs.csv": make_table(rows, delimiter="\t").encode("utf-16"),
        "cp1252.csv": make_table(rows).encode("cp1252"),
    }
    for name, content in files.items():
        ended = desk("run", desk.config(), desk.write(name, content))
        assert ended.code == 0, (name, ended.stderr)
        assert set(ended.counts) == ({"created"} if name == "plain.csv" else {"unchanged"}), name
    assert desk.titles == ["Zoë, “née” Müller", "two\nlines; and more"]


@pytest.mark.parametrize(
    ("content", "said"),
    [("é;1".encode("cp1252"), "cp1252"), ("é;1".encode("utf-16"), "utf-16"), ("é;1".encode(), "semicolon")],
)
def test_what_was_assumed_of_a_file_is_said(desk, content, said):
    bom, head = (b"\xff\xfe", "Id;Title;Status;Owner\n".encode("utf-16-le")) if said == "utf-16" else (b"", b"Id;Title;Status;Owner\n")
    row = "7;é;Open;sam@acme.example\n".encode(said if said != "semicolon" else "utf-8").removeprefix(b"\xff\xfe")
    ended = desk("run", desk.config(map={"$dueAt": None}), desk.write("tasks.csv", bom + head + row))
    assert (ended.code, desk.titles) == (0, ["é"])
    assert said in ended.stderr.casefold()


def test_parquet_is_read_with_its_types(desk):
    path = desk.folder / "tasks.parquet"
    pl.DataFrame({"Id": [7, 8], "Title": ["Call", "Write"], "Status": ["Open", "Done"], "Owner": ["sam@acme.example"] * 2}).with_columns(
        Due=pl.datetime(2026, 3, 4, 14, time_zone="UTC")
    ).write_parquet(path)
    ended = desk("run", desk.config(), path)
    assert (ended.code, [line["source_key"] for line in ended.results]) == (0, ["7", "8"])
    assert desk.task("Call").fields["$dueAt"].startswith("2026-03-04T14:00:00")


def test_a_glob_of_two_files_is_one_input(desk, make_row):
    desk.csv([make_row(1), make_row(2)], "exports/a.csv")
    desk.csv([make_row(3)], "exports/b.csv")
    ended = desk("run", desk.config(), "exports/*.csv")
    assert (ended.code, desk.titles) == (0, ["Task 1", "Task 2", "Task 3"])
    assert [(line["file"].rpartition("/")[2], line["row"]) for line in ended.results] == [("a.csv", "2"), ("a.csv", "3"), ("b.csv", "2")]
    assert [file["rows"] for file in ended.summary["data"]] == [2, 1]


def test_the_path_in_the_config_is_relative_to_the_config(desk, make_row):
    desk.csv([make_row(1)], "imports/exports/tasks.csv")
    config = desk.config("imports/desk.yaml", source={"path": "exports/*.csv"})
    assert desk("run", config).code == 0
    assert (desk.folder / "imports" / "desk.ledger").is_file()


def test_no_data_at_all_says_how_to_name_some(desk, stopped):
    assert "source.path" in stopped(desk("run", desk.config()), 2, "settings")


def test_excluded_rows_stay_out_and_have_their_line(desk, make_row):
    ended = desk.run([make_row(1), make_row(2, status="E-mail"), make_row(3)], source={"exclude": "Status = 'E-mail'"})
    assert (ended.code, ended.actions(), desk.titles) == (0, ["created", "excluded", "created"], ["Task 1", "Task 3"])


def test_latest_points_to_the_newest_run_that_wrote(desk, make_row):
    first = desk.run([make_row(1)])
    latest = desk.folder / "results" / "latest"
    assert latest.resolve() == first.folder
    desk.run([make_row(1)], guards={"rows": 7})
    assert latest.resolve() == first.folder
    second = desk.run([make_row(1), make_row(2)])
    assert latest.resolve() == second.folder


def test_files_with_data_are_private_to_the_user(desk, make_row):
    ended = desk.run([make_row(1), make_row(2, title="")])
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in ended.folder.iterdir()}
    assert set(modes) == {"results.csv", "failures.csv", "summary.json", "report.html"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(ended.folder.stat().st_mode) == 0o700
    ledgers = list(desk.folder.glob("desk.ledger*"))
    assert ledgers
    assert {stat.S_IMODE(path.stat().st_mode) for path in ledgers} == {0o600}


def test_the_new_ledger_is_announced_once(desk, make_row):
    assert "new ledger" in desk.run([make_row(1)]).stderr
    assert "new ledger" not in desk.run([make_row(1)]).stderr


def test_another_run_of_the_same_import_is_told_who_holds_the_lock(desk, stopped, make_row):
    desk.sandbox.set_latency(0.2)
    process = desk.start("run", desk.config(), desk.csv([make_row(number) for number in range(10)]), "--concurrency", "1")
    desk.wait_for_writes(1)
    ended = desk("run", desk.config(), "tasks.csv")
    desk.sandbox.set_latency(0)
    message = stopped(ended, 4, "locked")
    assert str(process.pid) in message
    assert process.wait(30) == 0
    process.communicate()


def test_the_presets_own_sample_runs_in_the_sandbox(desk):
    ended = desk(
        "run",
        "--sandbox",
        desk.write("mine.yaml", "extends: hubspot\nname: mine\ntimezone: Europe/Berlin\n"),
        samples_folder() / "hubspot-tasks.csv",
        "--limit",
        "20",
    )
    assert ended.code in (0, 1), ended.stderr
    assert "accepted unseen" in ended.stderr
    assert not desk.sandbox.requests
