"""A cell with several values: each is translated, looked up and judged by itself."""

from __future__ import annotations

import pytest

from etl.frames import HAS_PROBLEM
from etl.transform.lookups import build_table

ACCOUNTS = {
    "account.name": build_table([("Initech", "acc_3", "Initech"), ("Globex", "acc_4", "Globex"), ("Acme", "a", "A"), ("ACME", "b", "B")])
}
TAGS = {"column": "C", "split": ";", "take": "all"}
MANY = frozenset({"$account", "territory"})


def prepared(bench, cells, rule, target="$account"):
    return bench.prepare({"C": cells}, {target: {**TAGS, **rule}}, tables=ACCOUNTS, many=MANY)


def test_each_element_is_looked_up(bench):
    batch = prepared(bench, ["Initech; globex ;Initech", "Globex", ";", None], {"lookup": "account.name"})
    assert batch.frame["$account"].to_list() == [["acc_3", "acc_4"], ["acc_4"], None, None]
    assert batch.problems.is_empty()


def test_one_unknown_element_rejects_the_row_and_is_named(bench):
    batch = prepared(bench, ["Initech;Nowhere Ltd;Acme", "Globex"], {"lookup": "account.name"})
    assert batch.frame[HAS_PROBLEM].to_list() == [True, False]
    assert batch.problems["value"].to_list() == ["Nowhere Ltd", "Acme"]
    unknown, ambiguous = batch.problems["message"]
    assert unknown.startswith("$account: 'Nowhere Ltd' (column C) is not an account's name in Lightfield")
    assert ambiguous.startswith("$account: 'Acme' (column C) fits several records as an account's name: A, B")


@pytest.mark.parametrize(
    ("unknown", "ids", "note"),
    [
        ("skip", ["acc_3", "acc_4"], None),
        ("note", ["acc_3", "acc_4"], "C: Nowhere (not found in Lightfield)\n\nC: Gone (not found in Lightfield)"),
        ("Globex", ["acc_3", "acc_4"], None),
    ],
)
def test_an_unknown_element_costs_the_others_nothing(bench, unknown, ids, note):
    """A value that stands in for several of them is there once: a relationship is a set."""
    batch = prepared(bench, ["Initech;Nowhere;Globex;Gone"], {"lookup": "account.name", "unknown": unknown})
    assert batch.frame["$account"].to_list() == [ids]
    assert batch.problems.is_empty()
    if unknown == "note":
        assert batch.frame["$description"].to_list() == [note]


def test_each_element_is_translated(bench):
    batch = prepared(
        bench, ["old; Globex;drop"], {"lookup": "account.name", "values": [{"OLD": "former"}, {"former": "Initech", "drop": ""}]}
    )
    assert batch.frame["$account"].to_list() == [["acc_3", "acc_4"]]


def test_an_empty_cell_takes_the_constant_through_translation_and_look_up(bench):
    batch = prepared(bench, [None, ";;"], {"lookup": "account.name", "empty": "ours", "values": {"ours": "Globex"}})
    assert batch.frame["$account"].to_list() == [["acc_4"], ["acc_4"]]


def test_ids_need_no_look_up_and_each_bad_one_is_named(bench):
    batch = prepared(bench, ["ter_1;ter_2", "ter_1;North West"], {}, target="territory")
    assert batch.frame["territory"].to_list() == [["ter_1", "ter_2"], ["ter_1"]]
    assert batch.problems["value"].to_list() == ["North West"]


def test_a_constant_may_hold_several_ids(bench):
    rule = {"value": "ter_1; ter_2", "split": ";", "take": "all"}
    assert bench.values("territory", {"C": ["x", None]}, {"territory": rule}, many=MANY) == [["ter_1", "ter_2"]] * 2


def test_where_only_the_first_is_taken_the_others_stand_in_the_description(bench):
    """Several companies in one cell, and a task has one: the link to the others would be lost in silence."""
    rule = {"column": "C", "split": ";", "lookup": "account.name", "unknown": "note"}
    mapping = {"$account": rule, "$description": "N"}
    columns = {"C": ["Initech;Globex; Gone ;Globex", "Nowhere;Globex", "Initech", None], "N": ["Hello", None, None, "x"]}
    batch = bench.prepare(columns, mapping, tables=ACCOUNTS)
    assert batch.frame["$account"].to_list() == ["acc_3", None, "acc_3", None]
    assert batch.frame["$description"].to_list() == [
        "Hello\n\nC: Globex; Gone (not linked: only the first of several is taken)",
        "C: Nowhere (not found in Lightfield)\n\nC: Globex (not linked: only the first of several is taken)",
        None,
        "x",
    ]
    mapping["$account"] = {**rule, "unknown": "skip"}
    assert bench.values("$description", columns, mapping, tables=ACCOUNTS) == ["Hello", None, None, "x"]
