"""Writes samples/asana-tasks.csv, the same bytes each time: ``python tests/samples/make_asana.py``.

A project's CSV export. People are those of the sandbox's sample workspace, beside one who has left.
"""

from __future__ import annotations

import csv
import io
import random
from datetime import date, timedelta
from pathlib import Path

from etl.sandbox.sample import companies, people

TARGET = Path(__file__).parents[2] / "samples" / "asana-tasks.csv"

HEADER = (
    *("Task ID", "Created At", "Completed At", "Last Modified", "Name", "Section/Column", "Assignee", "Assignee Email", "Start Date"),
    *("Due Date", "Tags", "Notes", "Projects", "Parent task", "Blocked By (Dependencies)", "Blocking (Dependencies)", "Customer"),
)
GOOD_ROWS = 60
FIRST_ID = 1_206_113_408_551_202
PEOPLE = [person for person in people()[:16] if person.first not in {"Frank", "Alex"}]
COMPANIES = [company.name for company in companies()[:20] if company.name != "Globex"]
SECTIONS = ("Backlog", "This week", "Waiting for customer", "Done")
TITLES = (
    "Kick-off call with {company}",
    "Import the price list of {company}",
    'Rework the "welcome" mail, second try',
    "Übergabe an den Support vorbereiten",
    "Ask legal: who signs for {company}?",
    "🚀 Go-live {company}",
)
NOTES = (
    "",
    "Agenda:\n- goals\n- people\n- dates\n\nSee https://docs.example.com/kick-off",
    'They said: "not before March", so don\'t push.',
    "1 < 2 & 3 > 2: plain text, no markup.",
    "",
)


def main() -> None:
    """Write the sample."""
    TARGET.write_text(sample_text(), encoding="utf-8", newline="")


def sample_text() -> str:
    """The whole file."""
    chance = random.Random(20261103)
    rows = [good_row(number, chance) for number in range(GOOD_ROWS)]
    for position, row in troubled_rows(rows):
        rows.insert(position, row)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows([row[column] for column in HEADER] for row in rows)
    return stream.getvalue()


def good_row(number: int, chance: random.Random) -> dict[str, str]:
    """A row that becomes a task."""
    person = PEOPLE[number % len(PEOPLE)]
    company = chance.choice(COMPANIES)
    created = date(2026, 8, 3) + timedelta(days=number)
    section = SECTIONS[number % len(SECTIONS)]
    subtask = number % 7 == 3
    return {
        "Task ID": str(FIRST_ID + 1_013 * number),
        "Created At": created.isoformat(),
        "Completed At": (created + timedelta(days=9)).isoformat() if section == "Done" else "",
        "Last Modified": (created + timedelta(days=10)).isoformat(),
        "Name": TITLES[number % len(TITLES)].format(company=company),
        "Section/Column": "" if subtask else section,
        "Assignee": f"{person.first} {person.last}",
        "Assignee Email": person.email,
        "Start Date": "",
        "Due Date": "" if number % 9 == 5 else (created + timedelta(days=100)).isoformat(),
        "Tags": ("", "urgent", "urgent,q4")[number % 3],
        "Notes": NOTES[number % len(NOTES)],
        # Asana writes all projects of a task into each project's file.
        "Projects": "" if subtask else ("Onboarding 2026,Renewals" if number % 10 == 2 else "Onboarding 2026"),
        "Parent task": f"Onboard {company}" if subtask else "",
        "Blocked By (Dependencies)": "",
        "Blocking (Dependencies)": "",
        "Customer": company if number % 2 else "",
    }


def troubled_rows(good: list[dict[str, str]]) -> list[tuple[int, dict[str, str]]]:
    """Where to insert which row that becomes no task of its own, from the bottom up so that positions hold."""

    def changed(number: int, **cells: str) -> dict[str, str]:
        words = {"id": "Task ID", "name": "Name", "email": "Assignee Email", "assignee": "Assignee", "due": "Due Date"}
        return {**good[number], "Task ID": str(FIRST_ID + 900_000 + number), **{words[key]: text for key, text in cells.items()}}

    return [
        (50, changed(50, id="1.20611E+15")),
        (40, changed(40, assignee="", email="")),
        (30, changed(30, due="2026-02-30")),
        (20, changed(20, name="")),
        (10, dict(good[4])),
        (5, changed(5, assignee="Guest of a customer", email="")),
    ]


if __name__ == "__main__":
    main()
