"""Names that are near to a word that nobody knows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.transform import suggest
from etl.transform.suggest import suggestions

PEOPLE = [
    ("maria@acme.example", "maria@acme.example"),
    ("Maria Lopez", "maria@acme.example"),
    ("sam@acme.example", "sam@acme.example"),
    ("Sam Rivera", "sam@acme.example"),
]
COMPANIES = [(name, name) for name in ("Acme Corp", "Globex", "Initech GmbH", "Northwind Logistics", "Blue Harbor Foods", "Müller AG")]


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("maria.lopez@old.example", "maria@acme.example"),
        ("Lopez, María", "maria@acme.example"),
        ("SAM@acme.exmaple", "sam@acme.example"),
        ("zed@acme.example", None),
    ],
)
def test_people_are_near_by_what_stands_before_the_at_and_by_name_never_by_domain(word, nearest):
    assert suggestions([word], PEOPLE).get(word, (None,))[0] == nearest


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("Acme Inc.", "Acme Corp"),
        ("acme", "Acme Corp"),
        ("Initec", "Initech GmbH"),
        ("North Wind Logistics", "Northwind Logistics"),
        ("Foods Blue Harbour", "Blue Harbor Foods"),
        ("MULLER", "Müller AG"),
        ("Zeta", None),
        ("-", None),
    ],
)
def test_companies_are_near_whatever_legal_form_accents_and_order(word, nearest):
    assert suggestions([word], COMPANIES).get(word, (None,))[0] == nearest


def test_there_are_at_most_two_the_nearest_first():
    known = [(name, name) for name in ("Acme One", "Acme Onne", "Acme On", "Other")]
    assert suggestions(["Acme One"], known)["Acme One"][0] == "Acme One"
    assert len(suggestions(["Acme One"], known)["Acme One"]) == 2


def test_beyond_what_can_be_compared_in_time_the_least_frequent_words_get_none(monkeypatch):
    monkeypatch.setattr(suggest, "MOST_COMPARISONS", 6)
    assert list(suggestions(["Globex 1", "Globex 2"], COMPANIES)) == ["Globex 1"]


@given(st.lists(st.text(max_size=12), max_size=4), st.lists(st.text(max_size=12), max_size=4))
@settings(max_examples=40)
def test_only_known_names_are_suggested_whatever_the_words(words, names):
    for near in suggestions(words, [(name, name) for name in names]).values():
        assert set(near) <= set(names)
