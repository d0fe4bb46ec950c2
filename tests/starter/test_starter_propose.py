"""Which column could be which field, by names and contents."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.starter.profile import date_formats, profile_columns
from etl.starter.propose import completed_at, propose
from etl.starter.status_words import flag_status, usual_status
from etl.starter.wishes import KEY, name_words

ROWS = 40
FILE = {
    "Ticket": [f"T-{number}" for number in range(ROWS)],
    "What": [f"Call customer number {number}" for number in range(ROWS)],
    "Where it stands": ["doing", "done", "open", "parked"] * 10,
    "Created": ["2026-01-02"] * ROWS,
    "By when": ["13.11.2026", "02.10.2026"] * 20,
    "Who": ["sam@acme.example", "kim@acme.example"] * 20,
    "Firma": ["Acme", "Globex"] * 20,
    "Remarks": ["a long text that tells a story and is no title of anything"] * ROWS,
}


def guessed(columns):
    return propose(profile_columns(pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))))


@pytest.mark.parametrize(
    ("texts", "formats"),
    [
        (["2026-01-02 10:00", "2026-01-02"], ("iso",)),
        (["2026-10-09T08:00:00.000Z", "2022-11-21T13:22:49.061281000Z"], ("iso",)),
        (["1/10/2026 21:52", "22/9/2025 08:00"], ("%d/%m/%Y %H:%M",)),
        (["1/13/2026", "2/1/2026"], ("%m/%d/%Y",)),
        (["1/2/2026", "3/4/2026"], ("%d/%m/%Y", "%m/%d/%Y")),
        (["13/1/2026", "1/13/2026"], ("%d/%m/%Y", "%m/%d/%Y")),
        (["03.04.2026"], ("%d.%m.%Y",)),
        (["9 Nov 2026"], ("%d %b %Y",)),
        (["11/23/26"], ("%m/%d/%y",)),
        (["1772632800000"], ("epoch-ms",)),
        (["1772632800"], ("epoch-s",)),
        (["12", "13"], ()),
        (["0:00", "10:30"], ()),
        (["2026-01-01", "soon"], ()),
        ([], ()),
    ],
)
def test_the_form_of_dates_is_found_and_an_open_order_of_day_and_month_stays_open(texts, formats):
    assert date_formats(pl.Series(texts, dtype=pl.String)) == formats


def test_a_file_without_one_familiar_name_is_read_by_its_contents():
    found = guessed(FILE)
    assert {target: guess.column for target, guess in found.items()} == {
        KEY: "Ticket",
        "$title": "What",
        "$status": "Where it stands",
        "$dueAt": "By when",
        "$assignedTo": "Who",
        "$account": "Firma",
        "$description": "Remarks",
    }
    assert found["$title"].sureness == "unsure"


def test_a_name_with_fitting_contents_is_sure_and_a_word_of_a_name_is_likely():
    found = guessed({"ID": ["1", "2"], "Subject": ["Call the customer", "Write to them"], "Work status": ["open", "done"]})
    assert {target: guess.sureness for target, guess in found.items()} == {KEY: "sure", "$title": "sure", "$status": "likely"}


def test_no_key_is_proposed_where_values_repeat_and_none_that_is_a_date():
    assert KEY not in guessed({"ID": ["1", "1", "1"], "Title": ["Call them", "Write them", "See them"]})
    assert KEY not in guessed({"At": ["2026-01-01 10:00", "2026-01-01 10:01"], "Title": ["Same title"] * 2})


def test_the_day_of_creation_or_completion_is_never_proposed_as_due():
    assert "$dueAt" not in guessed({"Created at": ["2026-01-01"], "Completed date": ["2026-01-01"], "Last modified": ["2026-01-01"]})


def test_a_contacts_address_is_no_owner():
    assert "$assignedTo" not in guessed({"Contact email": ["a@b.example"] * 5, "Title": ["Call"] * 5})


def test_a_day_of_completion_can_stand_for_the_status():
    profiles = profile_columns(pl.DataFrame({"Created": ["2026-01-01"] * 3, "Completed At": ["2026-01-02", None, ""]}))
    assert completed_at(profiles) == "Completed At"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("NOT_STARTED", "TODO"),
        ("01_in_progress", "IN_PROGRESS"),
        ("Deferred", "TODO"),
        ("Waiting on someone else", "IN_PROGRESS"),
        ("1_canceled", "CANCELLED"),
        ("Zurückgestellt", "TODO"),
        ("In Arbeit", "IN_PROGRESS"),
        ("Erledigt", "COMPLETE"),
        ("Aflyst", None),
        ("1", None),
    ],
)
def test_only_known_words_have_a_usual_meaning(word, status):
    assert usual_status(word) == status


def test_yes_and_no_mean_something_only_where_a_column_says_done():
    assert (flag_status("Yes"), flag_status("FALSE"), flag_status("perhaps")) == ("COMPLETE", "TODO", None)
    assert "$status" not in guessed({"Urgent": ["yes", "no"], "Title": ["Call them", "See them"]})
    assert guessed({"Done": ["1", "0"], "Title": ["Call them", "See them"]})["$status"].column == "Done"


@pytest.mark.parametrize("codes", [["0", "1"], ["no", "yes"], ["100", "200"]])
def test_codes_of_a_status_are_taken_for_one_by_name_alone_and_never_surely(codes):
    found = guessed({"Status": codes, "Title": ["Call them", "See them"]})
    assert (found["$status"].column, found["$status"].sureness) == ("Status", "unsure")
    assert "$status" not in guessed({"Priority": codes, "Title": ["Call them", "See them"]})


@pytest.mark.parametrize("other", ["Completed", "Stage"])
def test_a_status_in_words_or_of_done_is_preferred_to_codes(other):
    words = {"Completed": ["false", "true"], "Stage": ["open", "done"]}
    assert guessed({"Status": ["100", "200"], other: words[other], "Title": ["Call", "See"]})["$status"].column == other


def test_who_is_responsible_is_assigned_and_not_the_owner_that_stands_before_it():
    columns = {"TASK_ID": ["1", "2"], "TITLE": ["Call them"] * 2, "OWNER_USER_ID": ["10", "10"], "RESPONSIBLE_USER_ID": ["20", "21"]}
    assert guessed(columns)["$assignedTo"].column == "RESPONSIBLE_USER_ID"
    assert guessed({"Owner": ["Sam", "Sam"], "Assigned to": ["Kim", "Kim"]})["$assignedTo"].column == "Assigned to"
    assert guessed({"OWNER_USER_ID": ["10", "10"], "TITLE": ["Call them"] * 2})["$assignedTo"].column == "OWNER_USER_ID"


def test_a_columns_name_is_taken_apart_however_it_is_written():
    assert name_words("Activity - Due date") == name_words("dueDate") == name_words("due_date") == name_words("Task due-date")


cells = st.one_of(st.none(), st.text(max_size=12), st.sampled_from(["2026-01-01", "1/2/2026", "a@b.example", "open", "1"]))


@settings(max_examples=15)
@given(st.dictionaries(st.text(min_size=1, max_size=8), st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=5))
def test_whatever_a_file_holds_no_column_serves_two_fields(columns):
    found = [guess.column for guess in guessed(columns).values()]
    assert len(found) == len(set(found))
    assert set(found) <= set(columns)
