"""``init``: from a file to a config and a first check."""

from __future__ import annotations

import io
import os
import stat
import zipfile

import polars as pl
import pytest

from etl.config.presets import samples_folder
from etl.config.reader import read_config

ZOHO = "Record Id,Task Owner.id,Task Owner,Subject,Due Date,Related To,Status\nzcrm_1,5,Kim Lee,Call,2026-11-09,Acme,{status}\n"
OTHER = "Ticket;Subject;State;Deadline;Owner\n" + "".join(
    f"T-{number};Call customer {number};{state};{number + 10}.11.2026;sam@acme.example\n"
    for number, state in enumerate(["done", "angeregt"] * 4)
)


@pytest.fixture
def desk(desk):
    """Nobody to ask, and a machine in Tokyo."""
    desk.monkeypatch.delenv("LIGHTFIELD_API_KEY")
    desk.monkeypatch.setenv("TZ", "Asia/Tokyo")
    return desk


def config(desk, name):
    return read_config(desk.folder / name, {}).job


def test_a_known_export_becomes_a_config_that_extends_its_preset_and_is_checked_and_the_zone_is_said_to_be_the_machines(desk):
    desk.write("tasks.csv", ZOHO.format(status="Deferred"))
    ended = desk("init", "tasks.csv")
    assert ended.code == 0, ended.stderr
    job = config(desk, "zoho-tasks.yaml")
    assert (job.name, job.stamp, job.timezone) == ("zoho-tasks", True, "Asia/Tokyo")
    assert "extends: zoho" in (desk.folder / "zoho-tasks.yaml").read_text()
    assert "it is an export of zoho, by its columns Record Id, Task Owner, Related To" in ended.stderr
    assert "row 2: '2026-11-09'; timezone is set to Asia/Tokyo, this machine's" in ended.stderr
    assert "1  to create" in ended.stderr


@pytest.mark.parametrize("name", ["*", "^S.*$"])
def test_a_column_whose_name_could_be_taken_for_a_pattern_is_looked_at_like_any_other(desk, name):
    desk.write("tasks.csv", OTHER.replace("Ticket", name))
    desk("init", "tasks.csv")
    assert config(desk, "tasks.yaml").source.key == ((name,),)


def test_a_status_that_the_preset_does_not_know_waits_behind_a_mark(desk):
    desk.write("tasks.csv", ZOHO.format(status="On the shelf"))
    ended = desk("init", "tasks.csv")
    assert ended.code == 1
    assert "statuses that are not known: On the shelf; choose what they become under $status in zoho-tasks.yaml" in ended.stderr
    assert ended.last_line == (
        "next: look at the three lines marked LOOK in zoho-tasks.yaml, then: lightfield-etl check zoho-tasks.yaml tasks.csv --offline"
    )
    path = desk.folder / "zoho-tasks.yaml"
    path.write_text(path.read_text().replace("# On the shelf: TODO", "On the shelf: IN_PROGRESS"))
    assert desk("check", "zoho-tasks.yaml", "tasks.csv", "--offline").code == 0


def test_with_a_key_lightfield_is_asked_and_what_is_not_known_can_be_settled_in_a_spreadsheet(desk, read_records, make_table):
    desk.monkeypatch.setenv("LIGHTFIELD_API_KEY", "sk_lf_desk_5f2b9c71d0e84a36")
    desk.write("tasks.csv", ZOHO.format(status="On the shelf"))
    ended = desk("init", "tasks.csv")
    assert ended.code == 1
    assert "then run: lightfield-etl check zoho-tasks.yaml tasks.csv\n" in ended.stderr
    assert ended.last_line == "before that: look at the three lines marked LOOK in zoho-tasks.yaml"
    use = {"$status": "IN_PROGRESS", "$assignedTo": "Sam Rivera"}
    found = [{**row, "use": use.get(row["field"], "")} for row in read_records(desk.folder / "lookups.csv")]
    desk.write("lookups.csv", make_table([found[0], *(row.values() for row in found)]))
    assert desk("check", "zoho-tasks.yaml", "tasks.csv").code == 0
    assert desk.writes == 0


def test_a_file_of_an_unknown_system_is_guessed_and_each_guess_is_told(desk):
    desk.write("Alte Liste.csv", OTHER)
    ended = desk("init", "Alte Liste.csv")
    assert ended.code == 1
    job = config(desk, "Alte-Liste.yaml")
    assert job.source.key == (("Ticket",),)
    assert job.map["$dueAt"].formats == ("%d.%m.%Y",)
    assert job.map["$status"].values[0].entries == {"done": "COMPLETE"}
    assert "4  angeregt" in ended.stderr
    assert "sure    $title       Subject (by its name; 8 of the first 8 rows have one)" in ended.stderr


def test_without_an_owner_a_member_is_asked_for_and_nobody_gets_the_tasks_by_accident(desk):
    desk.write("list.csv", "ID,Title\n1,Call them\n2,See them\n")
    desk.monkeypatch.setenv("LIGHTFIELD_API_KEY", "sk_lf_desk_5f2b9c71d0e84a36")
    ended = desk("init", "list.csv")
    assert ended.code == 2
    assert "somebody@your-company.example" in ended.stderr
    assert ended.last_line == "next: when that is done: lightfield-etl check list.yaml list.csv"
    assert config(desk, "list.yaml").map["$status"].value == "TODO"


@pytest.mark.parametrize("codes", [("0", "1"), ("100", "200")])
def test_codes_in_a_status_are_never_taken_for_open_tasks_without_a_word(desk, codes):
    desk.write("list.csv", "ID,Title,Status,Owner\n" + "".join(f"{code},Call {code},{code},sam@acme.example\n" for code in codes))
    ended = desk("init", "list.csv")
    assert ended.code == 1
    assert f"unsure  $status      Status (by its name; {', '.join(codes)})" in ended.stderr
    assert f"statuses that are not known: {', '.join(codes)}; choose what they become" in ended.stderr
    assert "2  rejected" in ended.stderr


def test_zero_and_one_of_a_column_that_says_done_are_settled(desk):
    desk.write("list.csv", "ID,Title,Done,Owner\n1,Call,0,sam@acme.example\n2,See,1,sam@acme.example\n")
    assert desk("init", "list.csv").code == 0
    assert config(desk, "list.yaml").map["$status"].values[0].entries == {"0": "TODO", "1": "COMPLETE"}


def test_that_no_column_is_a_status_or_an_owner_is_told(desk):
    desk.write("list.csv", "ID,Title\n1,Call them\n2,See them\n")
    ended = desk("init", "list.csv")
    assert "unsure  $status      no column looked like a status: each row becomes an open task" in ended.stderr
    assert "unsure  $assignedTo  no column looked like an owner: put a member's e-mail here" in ended.stderr


def test_the_columns_of_which_nothing_is_made_are_named_those_with_long_texts_first_and_the_empty_ones_not(desk):
    desk.write("list.csv", "ID,Title,Colour,Minutes,Empty\n1,Call,red,They want offers,\n2,See,blue,,\n")
    ended = desk("init", "list.csv")
    assert "columns of which nothing is made: Minutes, Colour\n" in ended.stderr
    more = [f"Extra {letter}" for letter in "abcdefghij"]
    desk.write(
        "tasks.csv", ZOHO.format(status="Deferred").replace("\n", ",{}\n").format(",".join(more), ",".join("x" * n for n in range(1, 11)))
    )
    ended = desk("init", "tasks.csv")
    named = ", ".join(reversed(more[2:]))
    assert f"columns of which nothing is made: {named} and 3 more\n" in ended.stderr


def test_rows_that_nothing_identifies_are_identified_by_their_cells(desk):
    desk.write("list.csv", "Kind,Title\nA,Call them\nA,Call them\nB,See them\n")
    assert desk("init", "list.csv").code == 0
    assert config(desk, "list.yaml").source.key_is_content


def test_nothing_is_overwritten(desk):
    desk.write("tasks.csv", ZOHO.format(status="Deferred"))
    desk.write("zoho-tasks.yaml", "mine")
    ended = desk("init", "tasks.csv")
    assert ended.code == 2
    assert "zoho-tasks.yaml is there already, and init overwrites nothing" in ended.stderr
    assert ended.last_line.startswith("next: lightfield-etl check zoho-tasks.yaml tasks.csv, or for another one: lightfield-etl init")
    assert (desk.folder / "zoho-tasks.yaml").read_text() == "mine"
    assert desk("init", "tasks.csv", "--config", "other.yaml").code == 0
    assert config(desk, "other.yaml").name == "other"


def test_the_config_has_the_rights_that_new_files_have_and_nothing_else_is_left(desk):
    desk.write("tasks.csv", ZOHO.format(status="Deferred"))
    before = os.umask(0o027)
    try:
        desk("init", "tasks.csv")
    finally:
        os.umask(before)
    assert stat.S_IMODE((desk.folder / "zoho-tasks.yaml").stat().st_mode) == 0o640
    assert sorted(path.name for path in desk.folder.iterdir()) == ["results", "tasks.csv", "zoho-tasks.yaml"]


@pytest.mark.parametrize(
    ("arguments", "said", "then"),
    [
        (("none.csv",), "none.csv: there is no such file", "check the path"),
        (("list.csv", "--preset", "zohoo"), "there is no preset 'zohoo'; did you mean zoho?", "leave --preset out"),
        (("list.csv", "--preset", "zoho"), "is not what the preset zoho reads: it lacks Record Id", "leave --preset out"),
        (("list.csv", "--preset", "trello"), "the columns that were found: ID, Name, Kind", "leave --preset out"),
        (("list.csv", "--config", "no/where.yaml"), "there is no folder", "make it"),
        (("header.csv",), "header.csv: has a header and no rows", "export it again"),
        (("numbers.csv",), "no column looks like a task's title; the columns that were found: A, B", "--preset"),
        (("-",), "standard input", "save it as a file"),
    ],
)
def test_what_cannot_be_a_start_is_told_with_a_way_on_and_nothing_is_written(desk, arguments, said, then):
    desk.write("list.csv", "ID,Name,Kind\n1,Call them,A\n")
    desk.write("header.csv", "ID,Title\n")
    desk.write("numbers.csv", "A,B\n1,2\n")
    ended = desk("init", *arguments)
    assert ended.code == 2
    assert said in ended.stderr
    assert then in ended.last_line
    assert not list(desk.folder.glob("*.yaml"))


def test_an_unproven_preset_says_so_in_the_config_and_aloud(desk):
    ended = desk("init", samples_folder() / "trello-tasks.csv", "--quiet")
    assert "warning: the preset trello is unproven: " in ended.stderr
    assert (desk.folder / "trello-tasks.yaml").read_text().splitlines()[1].startswith("# unproven: ")


def test_a_backups_zip_is_looked_into_and_its_users_are_read(desk):
    ended = desk("init", samples_folder() / "salesforce-tasks.zip")
    assert "salesforce-tasks.zip/Task.csv: it is an export of salesforce" in ended.stderr
    assert "unchecked" in ended.stderr


@pytest.mark.parametrize("suffix", ["parquet", "ndjson", "zip"])
def test_other_formats_are_looked_at_too(desk, suffix):
    frame = pl.read_csv(io.StringIO(ZOHO.format(status="Deferred")))
    path = desk.folder / f"tasks.{suffix}"
    if suffix == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("Tasks_001.csv", frame.write_csv())
    else:
        (frame.write_parquet if suffix == "parquet" else frame.write_ndjson)(path)
    assert desk("init", path.name).code == 0
    assert config(desk, "zoho-tasks.yaml").map["$assignedTo"].lookup == "member.name"


def test_owners_that_stand_in_the_file_as_names_are_looked_up_as_names(desk):
    desk.write("tasks.csv", "Record ID,Task title,Task status,Assigned to\n1,Call,Waiting,Kim Lee\n2,Write,Waiting,Sam Doe\n")
    assert desk("init", "tasks.csv").code == 0
    job = config(desk, "hubspot-tasks.yaml")
    assert job.map["$assignedTo"].lookup == "member.name"
    assert "$dueAt" not in job.map
    assert "$opportunity" not in job.map


def test_json_is_all_that_stands_on_stdout(desk):
    desk.write("tasks.csv", ZOHO.format(status="Deferred"))
    ended = desk("init", "tasks.csv", "--json", "--log-format", "json")
    assert ended.stdout.startswith("{")
    assert all(line.startswith("{") for line in ended.stderr.splitlines())
