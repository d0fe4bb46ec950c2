"""Does ``check --show-config`` print the config that is meant, and no secret?"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.cli.main import exit_code
from etl.config.presets import preset_names, preset_path, samples_folder
from etl.config.reader import read_config
from etl.config.shown import merged_text

BASE = """\
name: base
source: {key: [Id, [A, B]], null_values: ["", "--", no]}
map:
  $title: Title
  $status: {column: State, values: {Open: TODO, No: TODO, 0012: COMPLETE}}
  $assignedTo: {column: Owner, lookup: member.email}
  $account: {column: Company, lookup: account.name}
"""
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)


@pytest.mark.parametrize("path", [*map(preset_path, preset_names()), samples_folder() / "hubspot-tasks.yaml"], ids=lambda path: path.stem)
def test_what_is_shown_reads_back_to_the_same_config(tmp_path, path):
    config = read_config(path, {})
    (tmp_path / "shown.yaml").write_text(merged_text(config), encoding="utf-8")
    assert read_config(tmp_path / "shown.yaml", {}).job == config.job


@given(words=st.dictionaries(WORDS, WORDS, max_size=4), column=WORDS, nulls=st.lists(WORDS, max_size=3))
@settings(max_examples=40)
def test_any_text_is_shown_as_it_was_written(tmp_path_factory, words, column, nulls):
    folder = tmp_path_factory.mktemp("shown")
    config = read_config(preset_path("hubspot"), {})
    said = {**config.said, "source": {"key": column, "null_values": nulls or [""]}}
    said["map"] = {**said["map"], "territory": {"column": column, "values": words or {"a": "b"}}}
    object.__setattr__(config, "said", said)
    (folder / "shown.yaml").write_text(merged_text(config), encoding="utf-8")
    job = read_config(folder / "shown.yaml", {}).job
    assert (job.source.key, job.source.null_values) == (((column,),), tuple(nulls or [""]))
    assert (job.map["territory"].column, job.map["territory"].values[0].entries) == ((column,), words or {"a": "b"})


def test_each_part_says_in_which_files_it_stands(read, tmp_path):
    config = read("extends: base.yaml\nmap: {$account: {unknown: note}}\n", base=BASE)
    lines = merged_text(config).replace(f"{tmp_path}/", "").splitlines()
    assert lines[lines.index("  $title:") - 1] == "  # base.yaml:4:3"
    assert lines[lines.index("  $account:") - 1] == "  # tasks.yaml:2:7; in base.yaml: column 7:14, lookup 7:31"


def test_variables_stay_as_they_are_written_and_secrets_are_left_out(read):
    ledger = "postgresql://etl:${PASSWORD}@db.example/etl"
    text = merged_text(read(f"{BASE}ledger: {ledger}\n", {"PASSWORD": "hunter2"}))
    assert f"ledger: {ledger}" in text
    assert "hunter2" not in text
    text = merged_text(read(f"{BASE}ledger: postgresql://etl:hunter2@db.example/etl\n"))
    assert "hunter2" not in text
    assert "# ledger: left out, because it may hold a secret (" in text


def test_the_command_prints_it_without_a_key_and_without_data(write, capsys):
    path = write("extends: hubspot\nname: mine\n")
    assert exit_code(["check", str(path), "--show-config"]) == 0
    told = capsys.readouterr()
    assert "\nname: mine\n" in told.out
    assert told.err == ""


def test_a_config_that_is_wrong_is_told_instead(write, capsys):
    assert exit_code(["check", str(write("extends: hubspot\n")), "--show-config"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "name: is missing and required" in told.err
