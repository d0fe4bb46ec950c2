"""Does a workbook become the same tasks as the CSV file that says the same?"""

from __future__ import annotations

import csv
from datetime import datetime

import xlsxwriter

from etl.config.presets import samples_folder

# How each sample writes dates, and how a spreadsheet then shows the cells that it makes of them.
FORMS = (("%Y-%m-%d", "m/d/yyyy"), ("%Y-%m-%d %H:%M", "m/d/yyyy h:mm"), ("%m/%d/%Y %I:%M %p", "m/d/yyyy h:mm"))


def true_date(cell):
    """The moment in a cell and its number format, or None."""
    for form, shown in FORMS:
        try:
            return datetime.strptime(cell, form), shown  # noqa: DTZ007  a cell has no zone
        except ValueError:
            continue
    return None


def whole_number(cell):
    return cell.isdecimal() and not cell.startswith("0") and len(cell) < 16


def as_workbook(path, rows):
    """Rows as a spreadsheet keeps what it takes for dates and numbers."""
    with xlsxwriter.Workbook(path) as workbook:
        styles = {shown: workbook.add_format({"num_format": shown}) for _, shown in FORMS}
        page = workbook.add_worksheet("Export")
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                found = true_date(cell)
                if found:
                    page.write_datetime(row, column, found[0], styles[found[1]])
                elif whole_number(cell):
                    page.write_number(row, column, int(cell))
                elif cell:
                    page.write_string(row, column, cell)
    return path


def rows_of(sample):
    with (samples_folder() / sample).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


def test_a_monday_board_as_a_workbook_with_true_dates_and_numbers_becomes_the_tasks_of_the_csv_file(rehearsal):
    board = rehearsal.run("monday", as_workbook(rehearsal.folder / "board.xlsx", rows_of("monday-tasks.csv")))
    same = rehearsal.sample_run("monday", "monday-tasks.csv")
    assert board.payloads == same.payloads
    assert (board.counts, board.problems) == (same.counts, same.problems)


def test_a_dynamics_view_as_a_workbook_keeps_the_moments_of_its_true_dates(rehearsal):
    rows = rows_of("dynamics-tasks.csv")[:12]
    ran = rehearsal.run("dynamics", as_workbook(rehearsal.folder / "view.xlsx", rows), time="08:00", timezone="America/New_York")
    assert ran.payloads["e94837c1-92e6-b70d-13dc-14dd01600b32"]["$dueAt"] == "2026-10-27T16:05:00.000Z"
    assert ran.counts == {"created": 10, "rejected": 1}


def test_a_dynamics_view_with_days_alone_takes_the_time_that_the_config_gives(rehearsal):
    header, first = rows_of("dynamics-tasks.csv")[:2]
    first[header.index("Due Date")] = "2026-10-26"
    ran = rehearsal.run("dynamics", as_workbook(rehearsal.folder / "days.xlsx", [header, first]), time="08:00", timezone="America/New_York")
    assert ran.payloads["223281bb-169d-8977-0c5f-6505a6119290"]["$dueAt"] == "2026-10-26T12:00:00.000Z"


def test_a_hubspot_workbook_becomes_the_tasks_of_the_csv_file(rehearsal):
    rows = rows_of("hubspot-tasks.csv")[:25]
    path = rehearsal.folder / "hubspot.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    plain = rehearsal.run("hubspot", path)
    ran = rehearsal.run("hubspot", as_workbook(rehearsal.folder / "hubspot.xlsx", rows))
    assert len(ran.payloads) > 20
    assert ran.payloads == plain.payloads
