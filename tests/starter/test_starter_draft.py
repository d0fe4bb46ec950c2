"""What a starter config says, and that it can always be read."""

from __future__ import annotations

from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.config.reader import read_config
from etl.config.yaml_document import parse_yaml
from etl.starter.draft import Draft, Entry, FieldDraft, StatusLine, proposed_status
from etl.starter.writing import starter_text, yaml_text
from etl.starter.zones import machine_zone

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
WHOLE = (
    FieldDraft("$title", (Entry("column", "Title"),)),
    FieldDraft("$status", (Entry("column", "State"), Entry("unknown", "reject"))),
    FieldDraft("$assignedTo", (Entry("column", "Who"), Entry("lookup", "member.name"), Entry("unknown", "reject"))),
)


def draft(**changes):
    given = {"name": "mine", "preset": None, "unproven": None, "seen": ("Seen.",), "source": (Entry("key", "Id"),), "fields": WHOLE}
    return Draft(**{**given, **changes})


def read(folder, drafted):
    path = folder / "draft.yaml"
    path.write_text(starter_text(drafted), encoding="utf-8")
    return read_config(path, {}).job


@settings(max_examples=40)
@given(TEXT)
def test_any_text_comes_back_from_the_yaml_that_it_is_written_as(text):
    entries = parse_yaml(f"key: {yaml_text(text)}  # remark\n{yaml_text(text)}: value\n" if text != "key" else "key: key", "x.yaml").entries
    assert entries[0][1].text == text
    assert entries[-1][0].text == text


@settings(max_examples=15)
@given(column=TEXT, word=TEXT, name=TEXT)
def test_whatever_a_file_holds_its_config_is_read_as_it_is_meant(tmp_path_factory, column, word, name):
    fields = (FieldDraft("$title", (Entry("column", column, f"sure: {word}"),)), *WHOLE[1:])
    job = read(
        tmp_path_factory.mktemp("any"),
        draft(name=name, seen=(word,), fields=fields, statuses=(StatusLine(word, 3, "TODO", is_settled=True),)),
    )
    assert (job.name, job.map["$title"].column) == (name, (column,))
    assert job.map["$status"].values[0].entries == {word: "TODO"}


@pytest.mark.parametrize("settled", [True, False])
def test_a_word_that_is_not_settled_stands_behind_a_mark_and_is_read_once_the_mark_is_taken_away(tmp_path, settled):
    lines = (StatusLine("odd: word", 2, "IN_PROGRESS", is_settled=False),)
    lines = (StatusLine("open", 5, "TODO", is_settled=True), *lines) if settled else lines
    known = {"open": "TODO"} if settled else {"TODO": "TODO"}
    step, lookups = read(tmp_path, draft(statuses=lines)).map["$status"].values
    assert (step.entries, lookups.file) == (known, "lookups.csv")
    text = starter_text(draft(statuses=lines)).replace('# "odd: word"', '"odd: word"')
    (tmp_path / "mended.yaml").write_text(text)
    assert read_config(tmp_path / "mended.yaml", {}).job.map["$status"].values[0].entries == {**known, "odd: word": "IN_PROGRESS"}


def test_the_three_lines_for_a_person_are_marked_and_the_zone_is_said_not_to_be_the_files():
    text = starter_text(draft(timezone="Asia/Tokyo", zoneless="row 2: '2026-11-09 15:15'"))
    assert [text.count(f"LOOK {number} of 3") for number in (1, 2, 3)] == [1, 1, 1]
    assert "such as row 2: '2026-11-09 15:15'" in text
    assert "\ntimezone: Asia/Tokyo\n" in text
    assert "\nstamp: true " in text
    assert text.startswith("# yaml-language-server: $schema=lightfield-etl.schema.json\n")


def test_without_times_that_lack_a_zone_none_is_set(tmp_path):
    assert read(tmp_path, draft()).timezone is None


@pytest.mark.parametrize(
    ("known", "with_preset", "expected"),
    [("IN_PROGRESS", True, ("IN_PROGRESS", True)), (None, True, ("CANCELLED", False)), (None, False, ("CANCELLED", True))],
)
def test_a_word_that_a_preset_does_not_know_is_never_settled_by_its_usual_meaning(known, with_preset, expected):
    assert proposed_status("Cancelled", known, None, with_preset=with_preset) == expected


def test_the_machines_zone_comes_from_tz_then_from_the_link_and_is_utc_where_neither_tells(tmp_path):
    (tmp_path / "zoneinfo" / "Asia").mkdir(parents=True)
    (tmp_path / "zoneinfo" / "Asia" / "Tokyo").touch()
    link = tmp_path / "localtime"
    link.symlink_to(tmp_path / "zoneinfo" / "Asia" / "Tokyo")
    assert machine_zone({"TZ": ":America/New_York"}, link) == "America/New_York"
    assert machine_zone({"TZ": "CET-1CEST"}, link) == "Asia/Tokyo"
    assert machine_zone({}, tmp_path / "none") == "UTC"
    assert machine_zone({"TZ": "Etc/UTC"}, link) == "UTC"
    assert machine_zone({}) in available_timezones()
