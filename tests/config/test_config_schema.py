"""Does the JSON Schema say what the reader does?"""

from __future__ import annotations

import jsonschema
import pytest
from ruamel.yaml import YAML

from etl.cli.main import exit_code
from etl.config.fields import FieldRule, ValuesFile
from etl.config.model import GuardsConfig, JobConfig, LimitsConfig, MaxAge, NotifyConfig, SourceConfig, SyncConfig, WorkspaceConfig
from etl.config.presets import preset_names, preset_path, presets_folder, samples_folder
from etl.config.reader import read_config
from etl.config.schema import json_schema


def as_an_editor_reads_it(text: str) -> object:
    return YAML(typ="safe", pure=True).load(text)


def is_valid(text: str) -> bool:
    return jsonschema.Draft7Validator(json_schema()).is_valid(as_an_editor_reads_it(text))


def unwrapped(schema: dict) -> dict:
    return next(part for part in schema.get("anyOf", [schema]) if part.get("type") == "object")


def test_the_schema_is_a_schema():
    jsonschema.Draft7Validator.check_schema(json_schema())


@pytest.mark.parametrize("name", preset_names())
def test_each_preset_fits_the_schema_and_can_be_read(name):
    path = preset_path(name)
    jsonschema.Draft7Validator(json_schema()).validate(as_an_editor_reads_it(path.read_text(encoding="utf-8")))
    assert read_config(path, {}).job.name


def test_presets_and_samples_lie_beside_the_package():
    assert "hubspot" in preset_names()
    assert (samples_folder() / "hubspot-tasks.csv").is_file()
    assert preset_path("nowhere") is None


@pytest.mark.parametrize(
    "added",
    [
        "extra: 1",
        "  $foo: X",
        "  $title2: X",
        "  $dueAt: {colum: X}",
        "limits: {rat: 5}",
        "guards: {max_age: {column: x, is: 1h, was: 2h}}",
        "  $dueAt: {column: X, lookup: nothing}",
        "mode: snyc",
        "stamp: 5",
        "limits: {attempts: 0}",
    ],
)
def test_what_the_reader_refuses_the_schema_refuses(refusal, good, added):
    assert is_valid(good)
    assert not is_valid(f"{good}{added}\n")
    assert refusal(f"{good}{added}\n")


@pytest.mark.parametrize(
    "added",
    [
        "  $dueAt: [Due, Due date]",
        "  $account: null",
        "  $account: {column: C, values: [a.csv, {file: b.csv, from: Id, to: Name}, {1: x, No: y}], lookup: account.name}",
        "  territory: {sql: upper(T), split: ';', take: all}",
        "limits: {rate: auto, share: 100%, concurrency: 8, timeout: 30, max_failures: 10%}",
        "guards: {min_rows: 1, rows: 8123, max_rejected: 5%}",
        "time: 17:00",
        "timezone: Europe/Berlin",
        "ledger: ~",
        "retain: 90d",
        "sync: {on_missing: ignore, max_missing: 10%}",
        "workspace: {member: ops@acme.com}",
    ],
)
def test_what_the_reader_takes_the_schema_takes(read, good, added):
    assert read(f"{good}{added}\n")
    assert is_valid(f"{good}{added}\n")


def test_the_schema_beside_the_presets_is_what_the_command_prints(capsys):
    """After a change: lightfield-etl schema > configs/lightfield-etl.schema.json."""
    assert exit_code(["schema"]) == 0
    assert (presets_folder() / "lightfield-etl.schema.json").read_text(encoding="utf-8") == capsys.readouterr().out


@pytest.mark.parametrize("name", preset_names())
def test_the_first_line_of_a_preset_points_editors_at_the_schema(name):
    with preset_path(name).open(encoding="utf-8") as stream:
        assert stream.readline() == "# yaml-language-server: $schema=lightfield-etl.schema.json\n"


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("{extends: hubspot}", False),
        ("{extends: hubspot, name: mine}", True),
        ("{extends: team.yaml}", True),
        ("{name: mine}", False),
    ],
)
def test_who_extends_a_preset_says_a_name(text, valid):
    assert is_valid(text) == valid


def test_the_schema_names_every_key_of_the_model():
    top = json_schema()["properties"]
    field = unwrapped(json_schema()["definitions"]["field"]["anyOf"][1])
    assert set(top) == {*JobConfig.model_fields, "extends"}
    assert set(field["properties"]) == set(FieldRule.model_fields)
    models = {"source": SourceConfig, "workspace": WorkspaceConfig, "sync": SyncConfig, "limits": LimitsConfig, "guards": GuardsConfig}
    for key, model in {**models, "notify": NotifyConfig}.items():
        assert set(unwrapped(top[key])["properties"]) == set(model.model_fields)
    assert set(unwrapped(unwrapped(top["guards"])["properties"]["max_age"])["properties"]) == {
        f.alias or n for n, f in MaxAge.model_fields.items()
    }
    side_file = json_schema()["definitions"]["values"]["anyOf"][1]
    assert set(side_file["properties"]) == {f.alias or n for n, f in ValuesFile.model_fields.items()}
