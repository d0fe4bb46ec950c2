"""A config that is wrong is refused with every fault at its place, exit 2 and what to do next, before anything is sent."""

from __future__ import annotations

import re

import pytest

GOOD = """\
name: desk
source: {key: Id}
map:
  $title: Title
  $status: {column: Status, values: {Open: TODO}}
  $assignedTo: {column: Owner, lookup: member.email}
"""


@pytest.fixture
def refused(desk, make_row):
    """Runs a config's text and gives back what was said of it."""
    data = desk.csv([make_row(1)])

    def run(text, *options):
        config = desk.write("secret.yaml" if "sk_lf_" in text else "desk.yaml", text)
        ended = desk("run", config.name, data.name, *options)
        assert (ended.code, ended.stdout) == (2, "")
        assert ended.last_line.startswith(("next: correct ", "next: to have one written "))
        assert not desk.sandbox.requests
        return ended.stderr

    return run


def test_a_config_that_is_not_there_is_named(desk, make_row):
    ended = desk("run", "nowhere.yaml", desk.csv([make_row(1)]))
    assert ended.code == 2
    assert "nowhere.yaml" in ended.stderr


@pytest.mark.parametrize("words", [("tasks.csv",), ("tasks.csv", "desk.yaml")])
def test_data_where_the_config_belongs_is_told_with_the_right_order(desk, make_row, words):
    desk.config()
    desk.csv([make_row(1)])
    ended = desk("run", *words)
    assert ended.code == 2
    assert "tasks.csv: is data, and the config comes first" in ended.stderr
    assert ended.last_line.startswith("next: give both: lightfield-etl run CONFIG tasks.csv")


def test_a_config_that_is_a_folder_is_named(desk):
    ended = desk("run", ".")
    assert ended.code == 2
    assert "folder" in ended.stderr


def test_an_empty_config_says_what_is_expected(refused):
    assert "name, source and map" in refused("")


def test_a_yaml_syntax_error_is_told_with_its_place(refused):
    assert "desk.yaml:5:10: expected ',' or ']'" in refused(GOOD.replace("  $title: Title", "  $title: [Title"))


def test_a_tab_in_the_indentation_is_told_with_its_place(refused):
    assert "desk.yaml:4:" in refused(GOOD.replace("  $title", "\t$title"))


def test_a_repeated_key_is_told_with_both_places(refused):
    said = refused(GOOD + "name: other\n")
    assert "desk.yaml:7:1" in said
    assert "desk.yaml:1" in said or "line 1" in said


def test_an_unknown_key_is_told_with_the_nearest_and_what_is_allowed(refused):
    said = refused(GOOD.replace("values:", "valeus:"))
    assert "desk.yaml:5:" in said
    assert "did you mean values?" in said
    assert "allowed: " in said


def test_an_unknown_key_at_the_top_is_told_with_the_nearest(refused):
    assert "did you mean guards?" in refused(GOOD + "gaurds: {min_rows: 1}\n")


def test_a_target_that_lightfield_does_not_have_is_told_with_the_nearest(refused):
    assert "did you mean $dueAt?" in refused(GOOD + "  $dueat2: Due\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("guards: {min_rows: many}", "many"), ("guards: [1]", "guards"), ("limits: {concurrency: 0}", "0"), ("stamp: perhaps", "perhaps")],
)
def test_a_wrong_type_is_told_with_its_place_and_value(refused, text, shown):
    said = refused(f"{GOOD}{text}\n")
    assert "desk.yaml:7:" in said
    assert shown in said


def test_a_zone_that_does_not_exist_is_told_with_the_nearest(refused):
    assert "Europe/Berlin" in refused(GOOD + "timezone: Europe/Berln\n")


def test_all_faults_are_told_at_once(refused):
    said = refused(GOOD.replace("values:", "valeus:") + "timezone: Mars\nguards: {min_rows: many}\n")
    assert all(f"desk.yaml:{line}:" in said for line in (5, 7, 8))


def test_a_yaml_bomb_is_refused_without_being_written_out(refused):
    bomb = 'a: &a ["x","x","x","x","x","x","x","x","x"]\n'
    for this, last in zip("bcdefghi", "abcdefgh", strict=True):
        bomb += f"{this}: &{this} [{','.join([f'*{last}'] * 9)}]\n"
    assert "aliases" in refused(GOOD + bomb)


def test_deep_nesting_is_refused_in_a_sentence(refused):
    assert "nested" in refused(GOOD + "guards: " + "[" * 5000 + "]" * 5000 + "\n")


def test_a_tag_that_would_make_an_object_is_refused(refused):
    assert "desk.yaml:7:" in refused(GOOD + "timezone: !!python/object/apply:os.system [id]\n")


@pytest.mark.parametrize("text", ["api_key: sk_lf_1234567890abcdef", "# sk_lf_1234567890abcdef", "ledger: sk_lf_1234567890abcdef"])
def test_an_api_key_inside_the_config_is_refused_and_never_echoed(refused, desk, text):
    said = refused(f"{GOOD}{text}\n")
    assert "1234567890" not in said
    assert "LIGHTFIELD_API_KEY" in said
    assert not (desk.folder / "results").exists()


def test_a_base_url_inside_the_config_is_refused(refused):
    assert "--base-url" in refused(GOOD + "base_url: https://elsewhere.example\n")


def test_a_value_under_a_secret_name_is_not_shown(refused):
    assert "hunter2" not in refused(GOOD + "password: hunter2\n")


def test_a_required_field_that_the_map_lacks_is_named(refused):
    assert "$assignedTo" in refused(GOOD.replace("  $assignedTo: {column: Owner, lookup: member.email}\n", ""))


def test_a_file_to_extend_that_is_not_there_is_told_with_its_place(refused):
    assert "desk.yaml:7:" in refused(GOOD + "extends: nowhere.yaml\n")


def test_a_config_that_is_not_there_is_answered_with_the_nearest_one_beside_it(desk):
    desk.config("acme.yaml")
    ended = desk("check", desk.folder / "amce.yaml")
    assert (ended.code, "amce.yaml: there is no such file; did you mean acme.yaml?" in ended.stderr) == (2, True)
    assert "lightfield-etl init DATA" in ended.last_line


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run",), "error: CONFIG is missing"),
        (("run", "desk.yaml", "--limit", "none"), "error: --limit: 'none' is not a valid whole number"),
        (("run", "desk.yaml", "--faults"), "error: --faults is about the rehearsal: add --sandbox"),
        (("demo", "tasks.csv"), "error: got unexpected extra argument (tasks.csv)"),
    ],
)
def test_a_command_line_that_cannot_be_read_is_told_in_the_voice_of_all_messages(desk, words, told):
    ended = desk(*words)
    assert ended.stderr.splitlines() == [told, f"next: see lightfield-etl {words[0]} --help"]


def test_a_wrong_option_points_to_the_help(desk):
    ended = desk("run", desk.config(), "--ratte", "3")
    assert ended.code == 2
    assert "error: there is no option --ratte; did you mean --rate?" in ended.stderr
    assert ended.last_line == "next: see lightfield-etl run --help"


def test_the_help_of_every_command_answers_with_exit_0(desk):
    for command in ("run", "check", "demo", "sandbox", "schema"):
        assert desk(command, "--help").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rum"], "there is no command 'rum'; did you mean run? (allowed: init, check, run"),
        (["zzzz", "--help"], "there is no command 'zzzz' (allowed: init, check, run"),
        (["run", "desk.yaml", "--rate", "abc"], "'abc' is not a valid number"),
        (["run", "desk.yaml", "--rate", "nan"], "'nan' is not a number such as 12.5"),
        (["run", "desk.yaml", "--limit", "1.5"], "'1.5' is not a valid whole number"),
    ],
)
def test_a_slip_on_the_command_line_is_told_with_what_is_allowed(desk, words, said):
    ended = desk(*words)
    assert ended.code == 2
    assert said in ended.stderr


@pytest.mark.parametrize(
    ("source", "said"),
    [({"exclude": "Sttus = 'x'"}, "no column 'Sttus'"), ({"exclude": "RANDOM() = 1"}, "RANDOM"), ({"header": 7}, "source.header")],
)
def test_what_does_not_fit_the_file_is_told_with_its_place_in_the_config(desk, make_row, source, said):
    ended = desk.run([make_row(1)], source={"key": "Id", **source})
    assert ended.code == 2
    assert said in ended.stderr
    assert re.search(r"\.yaml:\d+:\d+: ", ended.stderr)
