"""Writes samples/pipedrive-*.csv, the same bytes each time: ``python tests/samples/make_pipedrive.py``.

The activities list with plain headers and British spelling, and the same activities under prefixed headers. People, companies and
deals are those of the sandbox's sample workspace, beside some that it does not know.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "samples"

HEADER = (
    *("ID", "Subject", "Type", "Done", "Marked as done time", "Organisation", "Contact person", "Deal", "Deal ID", "Due date"),
    *("Due time", "Duration", "Note", "Add time", "Update time", "Assigned to user", "Creator", "Priority"),
)
PREFIXED = {"Organisation": "Activity - Organization", "Deal ID": "Deal - ID"}
"""Columns whose prefixed name is not ``Activity - `` and the plain one."""

GOOD_ROWS = 60
PREFIXED_ROWS = 30
PEOPLE = ("Sam Rivera", "Maria Lopez", "Lee Chen", "Ana Almeida")
TWO_OF_THEM = "Alex Kim"
LEFT = "Valentin Moreau"
COMPANIES = ("Acme Corp", "Northwind Logistics", "Northwind Foods", "Blue Harbor Health", "Café Zoë Ltd")
DEALS = {
    "Acme Corp": "Acme Corp - Renewal 2027",
    "Northwind Logistics": "Northwind Logistics - Platform licence",
    "Northwind Foods": "Northwind Foods - Onboarding",
}
CONTACTS = ("Priya Natarajan", "José Ångström", "")
TYPES = ("Task", "Deadline", "To do")
OTHER_TYPES = ("Call", "Meeting", "Lunch", "Email", "Missed call")
SUBJECTS = (
    "Send contract to {company}",
    "Prepare demo: {company}",
    "Chase invoice #{number}",
    "Ask {contact} about SSO",
    "Update forecast 📈",
)
NOTES = (
    "",
    "<p>Wants <strong>two</strong> options:</p><ul><li>annual</li><li>monthly</li></ul>",
    "Budget is &lt; 50k &amp; approved.<br>Call again&nbsp;Friday.",
    "Plain text, as a telephone system writes it.",
)


def main() -> None:
    """Write the samples."""
    for name, text in samples().items():
        (SAMPLES / name).write_text(text, encoding="utf-8", newline="")


def samples() -> dict[str, str]:
    """File names and texts."""
    chance = random.Random(20261105)
    rows = [good_row(number, chance) for number in range(GOOD_ROWS)]
    few = rows[:PREFIXED_ROWS]
    for position, row in extra_rows(rows):
        rows.insert(position, row)
    names = [PREFIXED.get(column, f"Activity - {column}") for column in HEADER]
    return {"pipedrive-tasks.csv": table(HEADER, rows), "pipedrive-prefixed.csv": table(names, few)}


def good_row(number: int, chance: random.Random) -> dict[str, str]:
    """A task."""
    company = "" if number % 11 == 5 else chance.choice(COMPANIES)
    contact = chance.choice(CONTACTS)
    due = date(2026, 11, 2) + timedelta(days=chance.randrange(58))
    done = number % 3 == 0
    return {
        "ID": str(20_411 + 3 * number),
        "Subject": SUBJECTS[number % len(SUBJECTS)].format(company=company or "all", contact=contact or "them", number=4100 + number),
        "Type": TYPES[number % len(TYPES)],
        "Done": "Done" if done else "To do",
        "Marked as done time": f"{due} 08:31:07" if done else "",
        "Organisation": company,
        "Contact person": contact,
        "Deal": DEALS.get(company, "") if number % 2 else "",
        "Deal ID": str(300 + COMPANIES.index(company)) if company in DEALS and number % 2 else "",
        "Due date": "" if number % 19 == 4 else due.isoformat(),
        "Due time": "" if number % 4 == 1 or number % 19 == 4 else f"{chance.randrange(8, 18):02}:{chance.choice((0, 15, 30)):02}",
        "Duration": chance.choice(("", "00:30")),
        "Note": NOTES[number % len(NOTES)],
        "Add time": f"{due - timedelta(days=9)} 11:02:45",
        "Update time": f"{due - timedelta(days=2)} 16:40:00",
        "Assigned to user": TWO_OF_THEM if number % 20 == 9 else LEFT if number % 20 == 15 else chance.choice(PEOPLE),
        "Creator": "Sam Rivera",
        "Priority": chance.choice(("", "Low", "High")),
    }


def extra_rows(good: Sequence[dict[str, str]]) -> list[tuple[int, dict[str, str]]]:
    """Where to insert which row that is no task (calls, meetings …) or cannot become one; from the bottom up so that positions hold."""

    def changed(number: int, cells: dict[str, str]) -> dict[str, str]:
        return {**good[number], "ID": str(90_000 + number), **cells}

    others = [(12 + place, changed(30 + place, {"Type": kind})) for place, kind in enumerate(OTHER_TYPES * 2)]
    return [
        (55, changed(50, {"Due date": "2026-02-30"})),
        (45, changed(41, {"Due time": "25:10"})),
        (40, changed(20, {"Subject": "", "Note": ""})),
        (30, changed(21, {"Done": "Maybe"})),
        (20, changed(22, {"Assigned to user": ""})),
        *others,
    ]


def table(header: Sequence[str], rows: Sequence[dict[str, str]]) -> str:
    """CSV with these names for ``HEADER``."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([row[column] for column in HEADER] for row in rows)
    return stream.getvalue()


if __name__ == "__main__":
    main()
