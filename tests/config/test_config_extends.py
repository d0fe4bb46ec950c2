"""What does a config say that goes over another one?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

BASE = """\
name: base
timezone: Europe/Berlin
source: {key: [A, B], null_values: ["", "--"]}
limits: {rate: 5, attempts: 3}
map:
  $title: {column: Title, max_length: 50}
  $status: {column: State, values: {Open: TODO, Not started: TODO}}
  $assignedTo: {column: Owner, lookup: member.email}
  $account: {column: Company, lookup: account.name, unknown: note}
"""


def test_mappings_are_merged_key_by_key_and_lists_replaced(read):
    job = read("extends: base.yaml\nname: mine\nsource: {key: Id}\nlimits: {rate: 9}\n", base=BASE).job
    assert (job.name, job.timezone, job.source.key, job.source.null_values) == ("mine", "Europe/Berlin", (("Id",),), ("", "--"))
    assert (job.limits.rate, job.limits.attempts) == (9.0, 3)


def test_a_short_form_replaces_the_column_and_keeps_the_rest(read):
    title = read("extends: base.yaml\nmap: {$title: Subject}\n", base=BASE).job.map["$title"]
    assert (title.column, title.max_length) == (("Subject",), 50)


@pytest.mark.parametrize("source", ["template: '{X}'", "value: fixed", "sql: upper(X)"])
def test_another_source_removes_the_inherited_one(read, source):
    """A field takes exactly one source, so the new one can only mean: instead."""
    title = read(f"extends: base.yaml\nmap: {{$title: {{{source}}}}}\n", base=BASE).job.map["$title"]
    assert title.column == ()
    assert title.max_length == 50


def test_null_removes_an_inherited_field_or_option(read):
    fields = read("extends: base.yaml\nmap:\n  $account: null\n  $assignedTo: {lookup: ~}\n", base=BASE).job.map
    assert "$account" not in fields
    assert fields["$assignedTo"].lookup is None


def test_a_translation_replaces_the_inherited_one_of_the_same_word(read):
    """NOT_STARTED and Not started match the same cells: kept side by side, neither would win."""
    (words,) = read("extends: base.yaml\nmap: {$status: {values: {NOT_STARTED: IN_PROGRESS}}}\n", base=BASE).job.map["$status"].values
    assert words.entries == {"Open": "TODO", "NOT_STARTED": "IN_PROGRESS"}


def test_a_side_file_replaces_inherited_translations(read):
    (step,) = read("extends: base.yaml\nmap: {$status: {values: {file: words.csv}}}\n", base=BASE).job.map["$status"].values
    assert step.file == "words.csv"


def test_a_preset_is_extended_by_its_name(read):
    job = read("extends: hubspot\nname: mine\n").job
    assert job.name == "mine"
    assert job.source.key == (("Record ID", "hs_object_id"),)


def test_a_preset_hands_on_neither_its_identity_nor_its_surroundings(read, monkeypatch, tmp_path):
    """Its name and its zone are examples: whoever took them over unseen would have somebody else's."""
    own = "workspace: {member: a@b.c}\nledger: x.ledger\nguards: {min_rows: 1}\ntime: 17:00\nstamp: true\n"
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "crm.yaml").write_text(BASE + own)
    monkeypatch.setattr("etl.config.presets.presets_folder", lambda: tmp_path / "presets")
    job = read("extends: crm\nname: mine\n").job
    assert (job.name, job.timezone, job.workspace, job.ledger, job.guards.min_rows) == ("mine", None, None, None, None)
    assert (job.time, job.stamp) == ("17:00", True)
    job = read("extends: presets/crm.yaml\n").job
    assert (job.name, job.timezone, job.workspace.member, job.ledger) == ("base", "Europe/Berlin", "a@b.c", "x.ledger")


def test_who_extends_a_preset_without_a_name_is_told_why_it_has_none(refusal):
    message = refusal("# mine\nextends: hubspot\nmode: snyc\n")
    assert message.splitlines()[0] == (
        "tasks.yaml:2:1: name: is missing and required: the preset hubspot does not hand its own on, because a name is an import's "
        "identity; add a line such as `name: acme-hubspot-tasks`"
    )
    assert "tasks.yaml:3:1: mode: found 'snyc'" in message.splitlines()[1]


def test_a_name_may_come_from_a_file_between_the_config_and_the_preset(read):
    assert read("extends: ./team.yaml\n", team="extends: hubspot\nname: team\n").job.name == "team"


def test_a_fault_in_a_line_of_a_preset_says_where_to_say_it_otherwise(refusal):
    message = refusal("extends: hubspot\nname: mine\nmap: {$account: {split: null}}\n")
    file, _, line, _, told = re.fullmatch(r"(.*?)(:)(\d+)(:)\d+: (.*)", message).groups()
    assert Path(file).name == "hubspot.yaml"
    assert Path(file).read_text(encoding="utf-8").splitlines()[int(line) - 1].strip().startswith("take: first")
    assert told.startswith("map.$account.take: says which part of a split cell, but there is no split")
    assert told.endswith("(this line is the preset hubspot's: say it otherwise in tasks.yaml)")


def test_a_side_file_of_a_preset_is_one_of_the_users(read, tmp_path):
    """Nobody keeps people of theirs in the folder of an installed package."""
    config = read("extends: hubspot\nname: mine\n")
    assert config.folder == tmp_path


def test_files_may_extend_one_another(read):
    job = read("extends: ./middle.yaml\n", middle="extends: base.yaml\nname: middle\n", base=BASE).job
    assert (job.name, job.timezone) == ("middle", "Europe/Berlin")


def test_a_fault_is_told_in_the_file_in_which_it_stands(refusal):
    message = refusal("extends: base.yaml\nmode: snyc\n", base=BASE.replace("max_length", "max_lenght"))
    assert message.splitlines()[0].startswith("tasks.yaml:2:1: mode: found 'snyc', allowed: create or sync")
    assert message.splitlines()[1].startswith("base.yaml:6:27: map.$title.max_lenght: unknown key; did you mean max_length?")


def test_what_was_replaced_loses_its_place_in_the_base(read, tmp_path):
    config = read("extends: base.yaml\nmap: {$status: {column: X, values: {file: words.csv}}}\n", base=BASE)
    assert config.where("map", "$status", "values", "Open") == f"{tmp_path}/tasks.yaml:2:28"


def test_a_circle_is_a_fault(refusal):
    message = refusal("extends: base.yaml\n", base="extends: tasks.yaml\n")
    assert message == "base.yaml:1:1: extends: goes round in a circle: tasks.yaml → base.yaml → tasks.yaml"


def test_too_many_layers_are_a_fault(refusal):
    files = {f"f{number}": f"extends: f{number + 1}.yaml\n" for number in range(20)}
    assert "more than 10 files extend one another" in refusal("extends: f0.yaml\n", **files)


def test_an_unknown_preset_names_the_nearest(refusal):
    message = refusal("extends: hubspott\n")
    assert message.startswith("tasks.yaml:1:1: extends: no preset 'hubspott'; did you mean hubspot? (allowed: ")


def test_a_missing_base_is_the_only_fault_that_is_told(refusal):
    """All that it would have said would otherwise be called missing."""
    message = refusal("extends: nowhere.yaml\nname: x\n")
    assert message.startswith("tasks.yaml:1:1: extends: no file 'nowhere.yaml' in ")
    assert len(message.splitlines()) == 1


def test_a_list_is_nothing_to_extend(refusal):
    assert "extends: found list, allowed is the name of a preset (" in refusal("extends: [hubspot]\n")
