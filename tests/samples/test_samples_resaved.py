"""Are the dates read that Excel leaves in an export which somebody opened and saved again?"""

from __future__ import annotations

import polars as pl
import pytest

from etl.config.presets import preset_path
from etl.config.reader import read_config
from etl.transform.dates import DateRule, read_dates
from etl.transform.day_order import DayOrder, in_order

DAY = "2026-11-25T17:00:00Z"
AT = "2026-11-25T15:15:00Z"

US_DAYS = {"11/25/2026": DAY}
EU_DAYS = {"25/11/2026": DAY, "25.11.2026": DAY}
US_TIMES = {"11/25/2026 15:15": AT, "11/25/2026 15:15:00": AT, "11/25/2026 3:15 PM": AT, "11/25/2026 3:15:00 PM": AT}
EU_TIMES = {"25/11/2026 15:15": AT, "25/11/2026 15:15:00": AT, "25.11.2026 15:15": AT, "25.11.2026 15:15:00": AT}
US_FILLER = dict.fromkeys(("11/25/2026 0:00", "11/25/2026 00:00:00"), DAY)
EU_FILLER = dict.fromkeys(("25/11/2026 00:00", "25.11.2026 00:00", "25.11.2026 0:00", "25.11.2026 00:00:00"), DAY)

WITH_TIMES = ("hubspot", "pipedrive", "zoho", "dynamics", "monday", "odoo")
DAYS_ALONE = ("salesforce", "salesforce-report", "asana")
FILLED = ("salesforce", "zoho")
CASES = [
    *((preset, DayOrder.MONTH_FIRST, US_DAYS) for preset in (*WITH_TIMES, *DAYS_ALONE)),
    *((preset, DayOrder.DAY_FIRST, EU_DAYS) for preset in (*WITH_TIMES, *DAYS_ALONE)),
    *((preset, DayOrder.MONTH_FIRST, US_TIMES) for preset in WITH_TIMES),
    *((preset, DayOrder.DAY_FIRST, EU_TIMES) for preset in WITH_TIMES),
    *((preset, DayOrder.MONTH_FIRST, US_FILLER) for preset in FILLED),
    *((preset, DayOrder.DAY_FIRST, EU_FILLER) for preset in FILLED),
]


def formats_of(preset: str) -> tuple[str, ...]:
    path = preset_path(preset)
    assert path is not None
    return read_config(path, {}).job.map["$dueAt"].formats


def read(preset: str, order: DayOrder, texts: list[str]) -> list[str | None]:
    rule = DateRule(in_order(formats_of(preset), order), "UTC", 17 * 3_600_000)
    return read_dates(pl.Series(texts), rule)["found"].to_list()


@pytest.mark.parametrize(("preset", "order", "forms"), CASES)
def test_a_preset_reads_the_dates_of_a_file_that_excel_saved_again(preset, order, forms):
    assert read(preset, order, list(forms)) == list(forms.values())


@pytest.mark.parametrize("preset", [*WITH_TIMES, *DAYS_ALONE, "suitecrm"])
def test_of_each_form_with_slashes_a_preset_knows_both_orders_so_that_the_rows_decide(preset):
    formats = formats_of(preset)
    slashed = {pattern for pattern in formats if pattern.startswith(("%m/%d", "%d/%m"))}
    assert slashed
    assert {pattern.replace("%m", "·").replace("%d", "%m").replace("·", "%d") for pattern in slashed} == slashed


@pytest.mark.parametrize("half", ["am", " am", "AM", " AM"])
def test_a_suitecrm_that_writes_twelve_hours_is_read_in_each_of_its_forms_of_a_day(half):
    texts = [f"{day} 08:15{half}" for day in ("2026-10-21", "10/21/2026", "10-21-2026", "21.10.2026", "2026/10/21", "2026.10.21")]
    assert read("suitecrm", DayOrder.MONTH_FIRST, texts) == ["2026-10-21T08:15:00Z"] * len(texts)


def test_midnight_that_excel_shortened_is_filler_in_salesforce_as_before(rehearsal):
    rows = [["Id", "Subject", "Status", "OwnerId", "ActivityDate", "WhatId"]]
    rows += [["00T000000000001AAA", "One", "Open", "005000000000001AAA", "11/25/2026 0:00", ""]]
    rows += [["00T000000000002AAA", "Two", "Open", "005000000000001AAA", "11/2/2026 0:00", ""]]
    ran = rehearsal.run("salesforce", rehearsal.write("Task.csv", rows))
    assert [task["$dueAt"] for task in ran.payloads.values()] == ["2026-11-25T22:00:00.000Z", "2026-11-02T22:00:00.000Z"]


def test_a_zoho_reminder_of_the_due_day_tells_the_hour_in_a_file_that_excel_saved_again_too(rehearsal):
    rows = [["Record Id", "Subject", "Status", "Task Owner", "Due Date", "Reminder", "Related To"]]
    rows += [["zcrm_1", "One", "Open", "Sam Rivera", "11/25/2026", "11/25/2026 9:00", ""]]
    rows += [["zcrm_2", "Two", "Open", "Sam Rivera", "11/3/2026", "11/2/2026 9:00", ""]]
    rows += [["zcrm_3", "Three", "Open", "Sam Rivera", "2026-11-04", "2026-11-04T09:00:00-05:00", ""]]
    formats = {"$dueAt": {"formats": [*formats_of("zoho"), "iso"]}}
    ran = rehearsal.run("zoho", rehearsal.write("Tasks.csv", rows), timezone="America/New_York", map=formats)
    due = [task["$dueAt"] for task in ran.payloads.values()]
    assert due == ["2026-11-25T14:00:00.000Z", "2026-11-03T22:00:00.000Z", "2026-11-04T14:00:00.000Z"]
