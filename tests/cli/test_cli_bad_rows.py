"""A row that cannot become a task is one line of failures.csv that says why; the good rows of the same file become tasks."""

from __future__ import annotations

import pytest


def rejected(desk, make_row, bad, **changes):
    """The failures of a file with a good row before the bad ones and one behind them."""
    ended = desk.run([make_row("first"), *bad, make_row("last")], **changes)
    assert ended.code == 1
    assert {"Task first", "Task last"} <= set(desk.titles)
    assert ended.counts["created"] == len(desk.titles)
    assert ended.counts["rejected"] == len(ended.failures)
    return [(line["_row"], line["_error_code"], line["_error_field"], line["_error_message"]) for line in ended.failures]


def test_a_source_key_that_stands_twice_with_different_content_is_a_problem_of_both_rows(desk, make_row):
    bad = rejected(desk, make_row, [make_row(7, "One"), make_row(7, "Other")])
    assert [(row, code) for row, code, _, _ in bad] == [("3", "duplicate_key"), ("4", "duplicate_key")]
    assert "7" in bad[0][3]


def test_an_empty_source_key_is_a_problem(desk, make_row):
    ((row, code, field, message),) = rejected(desk, make_row, [make_row(" ", "No key")])
    assert (row, code, field) == ("3", "missing_key", "Id")
    assert "empty" in message


def test_a_source_key_that_a_spreadsheet_ruined_is_a_problem(desk, make_row):
    ((_, code, field, message),) = rejected(desk, make_row, [make_row("1.21E+15", "Ruined")])
    assert (code, field) == ("mangled_key", "Id")
    assert "1.21E+15" in message


def test_a_status_that_is_not_in_the_map_is_a_problem_that_names_what_is_allowed(desk, make_row):
    ((_, code, field, message),) = rejected(desk, make_row, [make_row(1, status="Opne")])
    assert (code, field) == ("unknown_status", "$status")
    assert "'Opne'" in message
    assert "TODO, IN_PROGRESS, COMPLETE, CANCELLED" in message
    assert "map.$status.values" in message


def test_an_empty_status_is_a_problem_because_lightfield_requires_one(desk, make_row):
    ((_, code, field, _),) = rejected(desk, make_row, [make_row(1, status="")])
    assert (code, field) == ("missing_required", "$status")


def test_a_date_that_fits_no_format_is_a_problem_that_names_the_formats(desk, make_row):
    ((_, _, field, message),) = rejected(desk, make_row, [make_row(1, due="03/04/2026")])
    assert field == "$dueAt"
    assert "'03/04/2026'" in message
    assert "%Y-%m-%d %H:%M" in message


def test_an_assignee_whom_nobody_knows_is_a_problem(desk, make_row):
    ((_, code, field, message),) = rejected(desk, make_row, [make_row(1, owner="nobody@acme.example")])
    assert (code, field) == ("not_found", "$assignedTo")
    assert "nobody@acme.example" in message


def test_an_assignee_who_has_left_is_told_by_lightfield_and_fails_that_row_alone(desk, make_row):
    ended = desk.run([make_row(1), make_row(2, owner="former@acme.example")])
    assert (ended.code, desk.titles) == (1, ["Task 1"])
    (line,) = ended.failures
    assert (line["_action"], line["_error_code"]) == ("failed", "relationship_entity_inactive")
    assert line["_http_status"] == "400"


def test_a_name_that_fits_two_members_is_a_problem_that_names_both(desk, make_row):
    changes = {"map": {"$assignedTo": {"column": "Owner", "lookup": "member.name"}}}
    ended = desk.run([make_row(1, owner="Alex Kim"), make_row(2, owner="sam RIVERA")], **changes)
    (line,) = ended.failures
    assert desk.titles == ["Task 2"]
    assert line["_error_field"] == "$assignedTo"
    assert "alex.kim@acme.example" in line["_error_message"]
    assert "alex.kim2@acme.example" in line["_error_message"]


def test_an_empty_title_is_a_problem(desk, make_row):
    ((_, code, field, _),) = rejected(desk, make_row, [make_row(1, title="  ")])
    assert (code, field) == ("missing_required", "$title")


def test_every_problem_of_a_row_is_told_at_once(desk, make_row):
    ((_, _, _, message),) = rejected(desk, make_row, [make_row(1, title="", status="Opne", owner="nobody@acme.example")])
    assert all(word in message for word in ("$status", "$assignedTo"))


@pytest.mark.parametrize("command", ["run", "check"])
def test_times_without_a_zone_stop_the_job_with_the_evidence(desk, stopped, make_row, command):
    data = desk.csv([make_row(1), make_row(2, due="2026-03-04 14:00")])
    ended = desk(command, desk.config(timezone=None), data)
    message = stopped(ended, 2, "source")
    assert "row 3: '2026-03-04 14:00'" in message
    assert "timezone:" in ended.last_line
    assert desk.titles == []


def test_times_that_carry_a_zone_need_none_in_the_config(desk, make_row):
    assert desk.run([make_row(1, due="2026-03-04T14:00:00+02:00")], timezone=None).code == 0
    assert desk.task("Task 1").fields["$dueAt"].startswith("2026-03-04T12:00:00")


def test_what_lightfield_refuses_is_that_rows_alone(desk, make_row):
    changes = {"map": {"$account": "Account"}}
    data = desk.csv([[*make_row(1), ""], [*make_row(2), "acc_nowhere"]], columns=("Id", "Title", "Status", "Due", "Owner", "Account"))
    ended = desk("run", desk.config(**changes), data)
    assert (ended.code, desk.titles) == (1, ["Task 1"])
    (line,) = ended.failures
    assert (line["_action"], line["_error_code"]) == ("failed", "relationship_entity_missing")
    assert "Account" in line
    assert line["_error_field"] == "$account"
