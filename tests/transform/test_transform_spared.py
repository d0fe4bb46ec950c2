"""A preset serves files that lack some of its columns and side files; what users name themselves must be there."""

from __future__ import annotations

import pytest

from etl.config.presets import presets_folder
from etl.errors import ConfigError
from etl.transform.compile import compile_recipe
from etl.transform.prepare import prepare
from etl.transform.side_files import read_side_files

PRESET = f"{presets_folder() / 'any.yaml'}:9:5"
USER = "job.yaml:3:5"
WHOLE = {
    "$description": {"template": "{Body} {More}"},
    "$dueAt": {"sql": "COALESCE(Day, OtherDay)"},
    "$account": {"column": ["Company", "Firm"]},
}
KINDS = {"$description": "template", "$dueAt": "sql", "$account": "column"}


def config(bench, mapping, said_by):
    positions = {("map", target, kind): said_by for target, kind in KINDS.items()} | {("map", "$account", "values"): said_by}
    return bench.config(mapping, positions=positions, timezone="UTC")


def test_a_preset_does_without_some_of_its_columns_and_without_links_and_says_so(bench):
    raw = bench.batch({"Body": ["Text"], "OtherDay": ["2026-11-02"]})
    recipe = compile_recipe(config(bench, WHOLE, PRESET), raw.file, {})
    row = prepare(recipe, raw).frame.row(0, named=True)
    assert (row["$description"], row["$dueAt"], row["$account"]) == ("Text", "2026-11-02T00:00:00Z", None)
    assert recipe.notes == (
        "no column for $account: left out; where another column holds it, name that one in your config",
        "the preset reads columns that are not in this file; they count as empty: More, Day",
    )


def test_a_file_that_has_all_columns_is_no_matter_of_notes(bench):
    raw = bench.batch({"Body": ["Text"], "More": [""], "Day": [""], "OtherDay": [""], "Company": [""]})
    assert compile_recipe(config(bench, WHOLE, PRESET), raw.file, {}).notes == ()


@pytest.mark.parametrize("target", WHOLE)
def test_what_users_name_themselves_must_be_there(bench, target):
    raw = bench.batch({"Body": ["Text"], "OtherDay": ["2026-11-02"]})
    with pytest.raises(ConfigError, match="has no column"):
        compile_recipe(config(bench, {target: WHOLE[target]}, USER), raw.file, {})


@pytest.mark.parametrize("target", ["$description", "$dueAt"])
def test_a_preset_whose_date_or_text_is_nowhere_in_the_file_did_not_fit(bench, target):
    with pytest.raises(ConfigError, match="has no column"):
        compile_recipe(config(bench, {target: WHOLE[target]}, PRESET), bench.file(["Id", "Title"]), {})


def test_a_side_file_that_only_a_preset_names_may_be_missing_aloud(bench):
    side = {"$account": {"column": "Company", "values": [{"file": "Account.csv", "from": "Id", "to": "Name"}]}}
    raw = bench.batch({"Company": ["001A"]})
    with pytest.raises(ConfigError, match=r"Account\.csv.*does not exist"):
        read_side_files(config(bench, side, USER), bench.side_tables(config(bench, side, USER)))
    preset = config(bench, side, PRESET)
    recipe = compile_recipe(preset, raw.file, {}, side_files=read_side_files(preset, bench.side_tables(preset)))
    assert prepare(recipe, raw).frame["$account"].to_list() == ["001A"]
    [note] = recipe.notes
    assert note.startswith("Account.csv not found: $account")
