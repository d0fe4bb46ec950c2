"""Who may read what: people and machines on stderr, machines alone on stdout, and nobody the API key."""

from __future__ import annotations

import json
import os

import pytest


@pytest.mark.parametrize("command", ["run", "check"])
def test_json_puts_one_document_on_stdout_and_nothing_else(desk, make_row, command):
    ended = desk(command, desk.config(), desk.csv([make_row(1), make_row(2, title="")]), "--json")
    assert json.loads(ended.stdout) == ended.summary
    assert ended.summary["exit_code"] == ended.code == 1


def test_json_is_there_when_the_run_did_not_begin(desk, make_row):
    desk.monkeypatch.delenv("LIGHTFIELD_API_KEY")
    ended = desk.run([make_row(1)], "--json")
    assert json.loads(ended.stdout) == ended.summary
    assert ended.summary["status"] == "nothing_written"


def test_without_json_stdout_is_empty(desk, make_row):
    assert desk.run([make_row(1)]).stdout == ""


def test_a_quiet_run_that_is_all_right_says_nothing_once_its_ledger_is_there(desk, make_row):
    desk.run([make_row(1)])
    assert desk.run([make_row(1), make_row(2)], "--quiet").stderr == ""


def test_a_quiet_run_says_what_went_wrong_and_what_to_do(desk, make_row):
    desk.monkeypatch.delenv("LIGHTFIELD_API_KEY")
    lines = desk.run([make_row(1)], "--quiet").stderr.splitlines()
    assert "there is no API key" in lines[0]
    assert lines[-1].startswith("next: set LIGHTFIELD_API_KEY")


def test_a_quiet_run_says_that_rows_need_a_person(desk, make_row):
    assert "1 row needs a person" in desk.run([make_row(1, title="")], "--quiet").stderr


@pytest.mark.parametrize("options", [(), ("--quiet",), ("--json",)])
@pytest.mark.parametrize("key", [True, False])
def test_every_line_of_the_json_log_is_an_object_with_time_level_event_and_run(desk, make_row, options, key):
    if not key:
        desk.monkeypatch.delenv("LIGHTFIELD_API_KEY")
    ended = desk.run([make_row(1), make_row(2, title="")], "--log-format", "json", *options)
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert lines
    assert all({"ts", "level", "event", "run_id"} <= line.keys() for line in lines)
    assert {line["run_id"] for line in lines} == {ended.summary["run_id"]}
    if not key:
        assert lines[-1]["event"] == "next_step"


def test_the_json_log_of_a_config_that_cannot_be_read_parses_too(desk, make_row):
    desk.csv([make_row(1)])
    ended = desk("run", desk.write("desk.yaml", "name: [\n"), "tasks.csv", "--log-format", "json")
    assert ended.code == 2
    assert all(json.loads(line) for line in ended.stderr.splitlines())


def test_the_key_is_in_no_file_and_on_no_stream_but_its_last_four_characters_are(desk, make_row):
    # That the whole key is nowhere is held for every command of these tests.
    ended = desk.run([make_row(1), make_row(2, title=""), make_row(3, owner="former@acme.example")])
    assert ended.summary["workspace"]["key_last_four"] == os.environ["LIGHTFIELD_API_KEY"][-4:]


def test_the_summary_tells_of_config_data_and_versions_by_digest(desk, make_row):
    summary = desk.run([make_row(1)]).summary
    assert len(summary["config"]["sha256"]) == len(summary["data"][0]["sha256"]) == 64
    assert summary["data"][0]["rows"] == 1
    assert summary["versions"]["lightfield_etl"]
    assert (summary["status"], summary["exit_code"], summary["reason"], summary["next_command"]) == ("finished", 0, None, None)
    assert summary["workspace"]["domains"] == ["acme.example"]


def test_before_the_first_write_it_says_what_will_happen_and_where(desk, make_row):
    said = desk.run([make_row(1), make_row(2, title="")]).stderr
    assert "2 rows of desk" in said
    assert "to create" in said
    assert "acme.example" in said
    assert said.index("to create") < said.index("finished:")


def test_a_cell_cannot_act_on_the_terminal(desk, make_row):
    said = desk.run([make_row(1, status="\x1b[2Jgone\r\u202e")]).stderr
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_the_closing_names_the_files_of_the_run(desk, make_row):
    ended = desk.run([make_row(1), make_row(2, title="")])
    for name in ("report.html", "failures.csv", "results.csv", "summary.json"):
        assert str(ended.folder.relative_to(desk.folder) / name) in ended.stderr
