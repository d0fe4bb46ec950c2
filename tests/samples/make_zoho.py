"""Writes samples/zoho-tasks.csv and samples/zoho-backup.csv, the same bytes each time: ``python tests/samples/make_zoho.py``.

A module export (UTF-8 with BOM, CRLF) and the part of a data backup, which says to which module a task is related. People, companies
and deals are those of the sandbox's sample workspace, beside some that it does not know.
"""

from __future__ import annotations

import codecs
import csv
import io
import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "samples"

HEADER = (
    *("Record Id", "Task Owner.id", "Task Owner", "Subject", "Due Date", "Contact Name.id", "Contact Name", "Related To.id"),
    *("Related To", "Status", "Priority", "Closed Time", "Created By.id", "Created By", "Created Time", "Modified By.id"),
    *("Modified By", "Modified Time", "Last Activity Time", "Reminder", "Description", "Tag"),
)
BACKUP_HEADER = (*HEADER[:9], "Related To Module", *HEADER[9:])
GOOD_ROWS = 60
BACKUP_ROWS = 24
FIRST_ID = 4_876_876_000_000_482_001
PEOPLE = ("Sam Rivera", "Maria Lopez", "Lee Chen", "Ana Almeida")
TWO_OF_THEM = "Alex Kim"
LEFT = "Dana Whitfield"
COMPANIES = ("Acme Corp", "Northwind Logistics", "Blue Harbor Health", "Patel & Sons Pvt. Ltd.")
DEALS = ("Acme Corp - Renewal 2027", "Northwind Logistics - Platform licence", "Northwind Foods - Onboarding")
CASE = "Case 1093: invoice lost"
CONTACTS = ("Priya Natarajan", "José Ångström", "")
STATUSES = ("Not Started", "Deferred", "In Progress", "Completed", "Waiting for input", "Completed")
SUBJECTS = ("Call {what}", "Email quotation to {what}", "Prepare meeting, {what}", "Follow up", "Collect GST documents")
DESCRIPTIONS = ("", "Left a voicemail.", "Wants two options:\n- annual\n- monthly", "Budget is < 50k & approved, 5 * 2 seats.")


def main() -> None:
    """Write the samples."""
    for name, content in samples().items():
        (SAMPLES / name).write_bytes(content)


def samples() -> dict[str, bytes]:
    """File names and contents."""
    chance = random.Random(20261106)
    rows = [good_row(number, chance) for number in range(GOOD_ROWS)]
    few = rows[:BACKUP_ROWS]
    for position, row in troubled_rows(rows):
        rows.insert(position, row)
    return {"zoho-tasks.csv": table(HEADER, rows), "zoho-backup.csv": table(BACKUP_HEADER, few)}


def zoho_id(number: int) -> str:
    """A record's id as files have it."""
    return f"zcrm_{FIRST_ID + number}"


def good_row(number: int, chance: random.Random) -> dict[str, str]:
    """A task."""
    module, what = related(number, chance)
    contact = chance.choice(CONTACTS)
    due = date(2026, 11, 2) + timedelta(days=chance.randrange(58))
    owner = TWO_OF_THEM if number % 20 == 9 else LEFT if number % 20 == 15 else chance.choice(PEOPLE)
    status = STATUSES[number % len(STATUSES)]
    row = dict.fromkeys(BACKUP_HEADER, "")
    return row | {
        "Record Id": zoho_id(37 * number),
        "Task Owner.id": zoho_id(900_000 + len(owner)),
        "Task Owner": owner,
        "Subject": SUBJECTS[number % len(SUBJECTS)].format(what=what or "the team"),
        "Due Date": "" if number % 17 == 4 else f"{due} 00:00:00" if number % 6 == 2 else due.isoformat(),
        "Contact Name.id": zoho_id(700_000) if contact else "",
        "Contact Name": contact,
        "Related To.id": zoho_id(800_000 + len(what)) if what else "",
        "Related To": what,
        "Related To Module": module,
        "Status": status,
        "Priority": chance.choice(("Lowest", "Normal", "High", "Highest")),
        "Closed Time": f"{due} 18:20:11" if status == "Completed" else "",
        "Created By": "Sam Rivera",
        "Created Time": f"{due - timedelta(days=12)} 10:04:09",
        "Modified Time": f"{due - timedelta(days=3)} 10:04:09",
        "Reminder": f"{due} 09:30:00" if number % 5 == 1 else f"{due - timedelta(days=1)} 09:00:00" if number % 5 == 3 else "",
        "Description": DESCRIPTIONS[number % len(DESCRIPTIONS)],
    }


def related(number: int, chance: random.Random) -> tuple[str, str]:
    """Module and name of what a task is related to."""
    if number % 11 == 5:
        return "", ""
    if number % 11 == 7:
        return "Cases", CASE
    return ("Deals", chance.choice(DEALS)) if number % 2 else ("Accounts", chance.choice(COMPANIES))


def troubled_rows(good: Sequence[dict[str, str]]) -> list[tuple[int, dict[str, str]]]:
    """Where to insert which row that cannot become a task, each for one reason; from the bottom up so that positions hold."""

    def changed(number: int, cells: dict[str, str]) -> dict[str, str]:
        return {**good[number], "Record Id": zoho_id(90_000 + number), **cells}

    return [
        (50, changed(50, {"Due Date": "2026-02-30"})),
        (40, changed(20, {"Subject": "", "Description": ""})),
        (30, changed(21, {"Status": "Blocked by legal"})),
        (20, changed(22, {"Record Id": ""})),
        (10, changed(24, {"Task Owner": ""})),
    ]


def table(header: Sequence[str], rows: Sequence[dict[str, str]]) -> bytes:
    """CSV as Zoho writes it."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([row[column] for column in header] for row in rows)
    return codecs.BOM_UTF8 + stream.getvalue().encode()


if __name__ == "__main__":
    main()
