"""A map that cannot be used is refused before the first row, with every fault, its place and what is allowed."""

from __future__ import annotations

import pytest

from etl.errors import ConfigError
from etl.transform.compile import compile_recipe
from etl.transform.lookups import build_table
from etl.transform.mentions import constant_names, mentioned_columns, targets_with_several

MEMBERS = {"member.email": build_table([("sam@x.com", "mem_1", "Sam (mem_1)"), ("two@x.com", "a", "A (a)"), ("two@x.com", "b", "B (b)")])}
SOURCE = ("Id", "Title", "A", "B", "S", "D", "O")


def faults(bench, mapping=None, *, columns=SOURCE, many=frozenset(), positions=None, **job) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        compile_recipe(bench.config(mapping, positions=positions, **job), bench.file(columns), MEMBERS, many=many)
    return caught.value.message.splitlines()


def test_all_faults_come_at_once_each_with_its_place(bench):
    positions = {("map", "$title"): "job.yaml:3:3", ("source", "key"): "job.yaml:2:8", ("timezone",): "job.yaml:1:11"}
    found = faults(
        bench,
        {"$title": "Titel", "$dueAt": {"column": "D", "formats": "%Q"}},
        positions=positions,
        timezone="Europe/Berlln",
        source={"key": "Idd"},
    )
    assert [line.partition(": ")[0] for line in found[:-1]] == [
        "job.yaml:1:11",
        "job.yaml:3:3",
        str(bench.folder / "job.yaml"),
        "job.yaml:2:8",
    ]
    text = "\n".join(found)
    assert "timezone: found 'Europe/Berlln', which is no time zone" in text
    assert "nearest: Europe/Berlin" in text
    assert "map.$title.column: tasks.csv has no column 'Titel'; nearest: 'Title'" in text
    assert text.count("the columns of tasks.csv are: Id, Title, A, B, S, D, O") == 1
    assert "map.$dueAt.formats: found '%Q'" in text
    assert "source.key: tasks.csv has no column 'Idd'; nearest: 'Id'" in text


@pytest.mark.parametrize(
    ("mapping", "told"),
    [
        ({"$description": {"template": "{A} {"}}, "brace"),
        ({"$description": {"template": "{Notes}"}}, "no column 'Notes'"),
        ({"x": {"sql": "SELEC"}}, "no column 'SELEC'"),
        ({"x": {"sql": "A +"}}, "no SQL"),
        ({"x": {"sql": "MAX(A)"}}, "more than one row"),
        ({"x": {"sql": "A || COUNT(*)"}}, "more than one row"),
        ({"x": {"sql": "ROW_NUMBER() OVER (ORDER BY A)"}}, "more than one row"),
        ({"x": {"sql": "LAG(A) OVER (ORDER BY A)"}}, "more than one row"),
        ({"x": {"sql": "(SELECT 1)"}}, "more than one row"),
        ({"x": {"sql": "UNNEST(A)"}}, "more than one row"),
        ({"x": {"sql": "read_csv('/etc/passwd')"}}, "no SQL"),
        ({"x": {"sql": "CASE WHEN A < CURRENT_DATE THEN 'late' END"}}, "asks for CURRENT_DATE"),
        ({"x": {"sql": "coalesce(A, CAST(now () AS TEXT))"}}, "write a fixed date"),
        ({"x": {"sql": "A || RANDOM()"}}, "would not be the same tasks tomorrow"),
        ({"x": {"sql": "STRING_TO_ARRAY(A, ',')"}}, "cannot be worked out"),
        ({"$status": {"column": "S", "values": {"Open": "TODOO"}}}, "nearest: TODO"),
        ({"$status": {"column": "S", "empty": "OPEN"}}, "map.$status.empty: found 'OPEN'"),
        ({"$status": {"column": "S", "unknown": "skip"}}, "requires $status"),
        ({"$title": {"column": "A", "empty": "skip"}}, "requires $title"),
        ({"$status": {"value": "OPEN"}}, "map.$status.value: found 'OPEN'"),
        ({"$assignedTo": {"column": "O", "lookup": "member.email", "unknown": "gone@x.com"}}, "is not a member's e-mail"),
        ({"$assignedTo": {"column": "O", "lookup": "member.email", "empty": "two@x.com"}}, "A (a), B (b)"),
        ({"$assignedTo": {"value": "Sam Ray"}}, "is no id"),
        ({"$dueAt": {"value": "2024-01-01"}}, "carries no time zone"),
        ({"$dueAt": {"column": "D", "time": "5pm"}}, "time of day"),
        ({"$title": {"column": "A", "formats": "iso"}}, "is for dates"),
        ({"$title": {"column": "A", "lookup": "member.email"}}, "is for relationships"),
        ({"$account": {"column": "A", "max_length": 3}}, "is for text"),
        ({"$account": {"column": "A", "split": ";", "take": "all"}}, "takes one value"),
    ],
)
def test_a_fault_says_what_was_found_and_what_is_allowed(bench, mapping, told):
    found = [line for line in faults(bench, mapping) if not line.startswith("the columns of ")]
    assert len(found) == 1
    assert told in found[0]


def test_a_case_folded_alias_finds_the_files_own_column(bench):
    recipe = compile_recipe(bench.config({"$title": ["Subject", " TITLE "]}), bench.file(SOURCE), {})
    assert recipe.columns == ("Id", "Title")


def test_with_a_content_key_all_columns_are_read(bench):
    recipe = compile_recipe(bench.config(source={"key": "content"}), bench.file(SOURCE), {})
    assert recipe.columns == SOURCE


def test_mentioned_columns_are_all_that_the_config_could_read(bench):
    mapping = {
        "$title": ["T1", "T2"],
        "$description": {"template": "{N}"},
        "x": {"sql": "W"},
        "y": {"sql": "((("},
        "z": {"column": "C", "split": ";", "take": "all"},
    }
    job = bench.config(mapping, source={"key": ["K1", "K2"]}).job
    assert mentioned_columns(job) == {"T1", "T2", "N", "W", "C", "K1", "K2"}
    assert targets_with_several(job) == {"z"}


def test_constants_that_pass_a_look_up_are_named_as_values_translate_them(bench):
    mapping = {
        "$assignedTo": {
            "column": "O",
            "lookup": "member.email",
            "empty": "nobody",
            "unknown": "sam@x.com",
            "values": {"Nobody": "n@x.com"},
        },
        "$account": {"value": "Acme", "lookup": "account.name"},
        "owner": {
            "column": "O",
            "lookup": "member.email",
            "unknown": "skip",
            "empty": "me",
            "values": {"file": "x.csv", "from": "a", "to": "b"},
        },
    }
    assert constant_names(bench.config(mapping).job) == {"member.email": {"n@x.com", "sam@x.com", "me"}, "account.name": {"Acme"}}
