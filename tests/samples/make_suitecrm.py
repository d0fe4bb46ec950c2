"""Writes samples/suitecrm-tasks.csv, the same bytes each time: ``python tests/samples/make_suitecrm.py``.

An export of the list of tasks: every cell quoted, CRLF, dates as the exporter's own settings show them (here ``m/d/Y h:i a``). People
are those of the sandbox's sample workspace.
"""

from __future__ import annotations

import csv
import io
import random
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from etl.sandbox.sample import people

TARGET = Path(__file__).parents[2] / "samples" / "suitecrm-tasks.csv"

HEADER = (
    *("Subject", "ID", "Description", "Status", "Start Date", "Due Date", "Priority", "Parent Type", "Parent ID", "Contact ID"),
    *("Assigned to", "Assigned User ID", "Date Created", "Date Modified", "Created By ID", "Modified By ID", "Deleted"),
)
GOOD_ROWS = 48
PEOPLE = [f"{person.first} {person.last}" for person in people()[:14] if person.first not in {"Frank", "Alex"}]
STATUSES = ("Not Started", "In Progress", "Pending Input", "Deferred", "Completed", "Not Started")
PARENTS = ("Accounts", "Opportunities", "Contacts", "Accounts", "")
SUBJECTS = ("Call about the contract", "Send catalogue; ask for feedback", 'Check "terms" page', "Rückruf Müller GmbH", "Book the room")
DESCRIPTIONS = ("", "First line\r\nSecond line, with a comma", "Ask for:\r\n* budget\r\n* dates", "")


def main() -> None:
    """Write the sample."""
    TARGET.write_text(sample_text(), encoding="utf-8", newline="")


def sample_text() -> str:
    """The whole file."""
    chance = random.Random(20261105)
    rows = [good_row(number, chance) for number in range(GOOD_ROWS)]
    for position, row in other_rows(rows, chance):
        rows.insert(position, row)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow(HEADER)
    writer.writerows([row[column] for column in HEADER] for row in rows)
    return stream.getvalue()


def guid(chance: random.Random) -> str:
    """As SuiteCRM makes ids."""
    return str(UUID(int=chance.getrandbits(128)))


def shown(moment: datetime) -> str:
    """``10/05/2026 03:15 pm``: SuiteCRM puts a blank before am and pm."""
    return moment.strftime("%m/%d/%Y %I:%M ") + ("am" if moment.hour < 12 else "pm")


def good_row(number: int, chance: random.Random) -> dict[str, str]:
    """A row that becomes a task."""
    created = datetime(2026, 9, 1, 8, 15) + timedelta(hours=11 * number)  # noqa: DTZ001  the file names no zone
    parent = PARENTS[number % len(PARENTS)]
    return {
        "Subject": SUBJECTS[number % len(SUBJECTS)],
        "ID": guid(chance),
        "Description": DESCRIPTIONS[number % len(DESCRIPTIONS)],
        "Status": STATUSES[number % len(STATUSES)],
        "Start Date": shown(created),
        "Due Date": "" if number % 8 == 6 else shown(created + timedelta(days=50)),
        "Priority": ("High", "Medium", "Low")[number % 3],
        "Parent Type": parent,
        "Parent ID": guid(chance) if parent else "",
        "Contact ID": "",
        "Assigned to": PEOPLE[number % len(PEOPLE)],
        "Assigned User ID": guid(chance),
        "Date Created": shown(created),
        "Date Modified": shown(created + timedelta(days=1)),
        "Created By ID": "1",
        "Modified By ID": "1",
        "Deleted": "0",
    }


def other_rows(good: list[dict[str, str]], chance: random.Random) -> list[tuple[int, dict[str, str]]]:
    """Where to insert which row that becomes no task of its own, from the bottom up so that positions hold."""

    def changed(number: int, **cells: str) -> dict[str, str]:
        return {**good[number], "ID": guid(chance), **{name.replace("_", " "): text for name, text in cells.items()}}

    return [
        (44, changed(44, Deleted="1")),
        (36, changed(36, Status="Aflyst")),
        (30, changed(30, Assigned_to="")),
        (24, changed(24, Deleted="1", Subject="")),
        (20, changed(20, Due_Date="13/13/2026 09:00 am")),
        (12, changed(12, Subject="")),
        (9, dict(good[3])),
    ]


if __name__ == "__main__":
    main()
