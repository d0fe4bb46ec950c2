"""``check``: every problem of every row, what a run would do, and nothing sent."""

from __future__ import annotations

import json


def check(desk, rows, *options, **changes):
    ended = desk("check", desk.config(**changes), desk.csv(rows), *options)
    assert desk.writes == 0
    return ended


def test_a_clean_file_is_exit_0_and_says_what_a_run_would_do(desk, make_row):
    ended = check(desk, [make_row(1), make_row(2)])
    assert ended.code == 0
    assert "no problems found" in ended.stderr
    assert "2 rows of desk" in ended.stderr
    assert "to create" in ended.stderr
    assert "writes a second" in ended.stderr


def test_rows_that_need_a_person_are_exit_1_and_listed_by_kind_with_counts_rows_and_examples(desk, make_row):
    rows = [
        *(make_row(number, status="Opne") for number in range(3)),
        make_row(10, status="Later"),
        make_row(11, owner="nobody@acme.example"),
        make_row(12),
    ]
    ended = check(desk, rows)
    assert ended.code == 1
    said = ended.stderr
    assert "4 rows · unknown_status · $status" in said
    assert "rows 2, 3, 4, 5" in said
    assert "3  Opne" in said
    assert "1  Later" in said
    assert "1 row · not_found · $assignedTo" in said
    assert "nobody@acme.example" in said


def test_the_rows_that_need_a_person_are_in_a_failures_file(desk, make_row):
    ended = check(desk, [make_row(1), make_row(2, status="Opne"), make_row(3), make_row(3, "Other")])
    assert [(line["_row"], line["_error_code"]) for line in ended.failures] == [
        ("3", "unknown_status"),
        ("4", "duplicate_key"),
        ("5", "duplicate_key"),
    ]
    assert not (ended.folder / "results.csv").exists()
    assert ended.counts == {"created": 1, "rejected": 3}


def test_companies_that_nobody_knows_are_told_with_their_counts(desk, make_table, make_row):
    rows = [[*make_row(number), company] for number, company in enumerate(["Nope Inc", "Nope Inc", "acme corp", "Globex", ""])]
    data = desk.write("tasks.csv", make_table([["Id", "Title", "Status", "Due", "Owner", "Company"], *rows]))
    ended = desk("check", desk.config(map={"$account": {"column": "Company", "lookup": "account.name"}}), data)
    assert ended.code == 1
    assert "2  Nope Inc" in ended.stderr
    assert "ambiguous · $account" in ended.stderr


def test_what_the_ledger_knows_is_told_apart(desk, make_row):
    desk.run([make_row(1), make_row(2)])
    ended = desk("check", desk.config(), desk.csv([make_row(1), make_row(2, "Other"), make_row(3)]), "--json")
    assert ended.code == 0
    assert ended.counts == {"created": 1, "unchanged": 1, "changed": 1}


def test_a_check_makes_no_ledger_and_moves_no_link(desk, make_row):
    check(desk, [make_row(1)])
    assert not list(desk.folder.glob("*.ledger*"))
    assert not (desk.folder / "results" / "latest").exists()


def test_offline_needs_no_key_and_counts_look_ups_as_unchecked(desk, make_row):
    desk.monkeypatch.delenv("LIGHTFIELD_API_KEY")
    desk.monkeypatch.setenv("LIGHTFIELD_BASE_URL", "https://nowhere.invalid")
    ended = check(desk, [make_row(1, owner="a@b.example"), make_row(2, owner="c@d.example"), make_row(3, owner="c@d.example")], "--offline")
    assert ended.code == 0
    assert "2 look-ups unchecked" in ended.stderr
    assert not desk.sandbox.requests


def test_offline_still_finds_what_needs_nobody(desk, make_row):
    ended = check(desk, [make_row(1, status="Opne")], "--offline")
    assert (ended.code, [line["_error_code"] for line in ended.failures]) == (1, ["unknown_status"])


def test_a_guard_that_a_run_would_not_meet_is_told_by_the_check(desk, stopped, make_row):
    assert "rows" in stopped(check(desk, [make_row(1)], guards={"rows": 2}), 2, "guard")


def test_the_summary_holds_the_problems_for_machines(desk, make_row):
    ended = check(desk, [make_row(1, status="Opne"), make_row(2, status="Opne")], "--json")
    (problem,) = json.loads(ended.stdout)["problems"]
    assert (problem["code"], problem["field"], problem["rows"]) == ("unknown_status", "$status", 2)
    assert [(example["row"], example["value"]) for example in problem["examples"]] == [(2, "Opne"), (3, "Opne")]


def test_names_that_lightfield_does_not_know_are_counted_even_where_the_config_settles_them(desk, make_row):
    owner = {"column": "Owner", "lookup": "member.email", "unknown": "sam@acme.example"}
    rows = [make_row(1, owner="gone@acme.example"), make_row(2, owner="gone@acme.example"), make_row(3)]
    ended = desk("check", desk.config(map={"$assignedTo": owner}), desk.csv(rows))
    assert ended.code == 0
    assert "1 not in Lightfield · member.email · 2 rows\n  2  gone@acme.example\n" in ended.stderr
