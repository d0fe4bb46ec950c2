"""Writes samples/monday-tasks.csv, the same bytes each time: ``python tests/samples/make_monday.py``.

A board's export: its name, then each group with its title and the header again; subitems stand indented below their item, with a header
of their own. People and companies are those of the sandbox's sample workspace.
"""

from __future__ import annotations

import csv
import io
import random
from datetime import date, timedelta
from pathlib import Path

from etl.sandbox.sample import companies, people

TARGET = Path(__file__).parents[2] / "samples" / "monday-tasks.csv"

# A board may have two columns of one name.
HEADER = ("Name", "Subitems", "Person", "Status", "Date", "Company", "Phone Number", "Phone Number", "Notes", "Item ID (auto generated)")
SUBITEM_HEADER = ("Subitems", "Name", "Owner", "Status", "Date", "Item ID (auto generated)", "", "", "", "")
GROUPS = ("This month", "Next month", "Later, maybe")
ROWS_A_GROUP = 16
FIRST_ID = 18_020_110_342
PEOPLE = [f"{person.first} {person.last}" for person in people()[:14] if person.first not in {"Frank", "Alex"}]
COMPANIES = [company.name for company in companies()[:20] if company.name != "Globex"]
NAMES = ("Kick-off {company}", "Renewal {company}, three years", 'Draft "terms"', "Schulung planen", "Invoice {company}")
STATUSES = ("Working on it", "Done", "Stuck", "", "Not started")
NOTES = ("", "Ask for the order number", "They want A, B and C", "")


def main() -> None:
    """Write the sample."""
    TARGET.write_text(sample_text(), encoding="utf-8", newline="")


def sample_text() -> str:
    """The whole file."""
    chance = random.Random(20261110)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("Customer onboarding",))
    for position, group in enumerate(GROUPS):
        writer.writerow((group,))
        writer.writerow(HEADER)
        writer.writerows(group_rows(position * ROWS_A_GROUP, chance))
        writer.writerow(())
    return stream.getvalue()


def group_rows(first: int, chance: random.Random) -> list[tuple[str, ...]]:
    """A group's items, with their subitems, and those that become no task."""
    rows: list[tuple[str, ...]] = []
    for number in range(first, first + ROWS_A_GROUP):
        subitems = ("Agenda", "Invite people") if number % 11 == 4 else ()
        rows.append(item(number, chance, subitems))
        if subitems:
            rows.append(SUBITEM_HEADER)
            rows += [subitem(number, place, title) for place, title in enumerate(subitems)]
    return [*rows, *troubled(first, chance)]


def item(number: int, chance: random.Random, subitems: tuple[str, ...] = (), **cells: str) -> tuple[str, ...]:
    """A row that becomes a task, unless ``cells`` (by column) spoil it."""
    company = chance.choice(COMPANIES)
    persons = [PEOPLE[number % len(PEOPLE)], *([PEOPLE[(number + 7) % len(PEOPLE)]] if number % 8 == 5 else [])]
    row = {
        "Name": NAMES[number % len(NAMES)].format(company=company),
        "Subitems": ", ".join(subitems),
        "Person": ", ".join(persons),
        "Status": STATUSES[number % len(STATUSES)],
        "Date": "" if number % 7 == 6 else (date(2026, 11, 2) + timedelta(days=number)).isoformat(),
        "Company": company if number % 3 else "",
        "Phone Number": "+49 221 5550" + str(number) if number % 4 == 1 else "",
        "Notes": NOTES[number % len(NOTES)],
        "Item ID (auto generated)": str(FIRST_ID + 31 * number),
        **cells,
    }
    return tuple(row[column] for column in HEADER)


def subitem(number: int, place: int, title: str) -> tuple[str, ...]:
    """An indented row, whose cells stand below the subitems' own header."""
    identifier = str(FIRST_ID + 31 * number + place + 1)
    return ("", title, PEOPLE[(number + place) % len(PEOPLE)], "Done", "2026-11-03", identifier, "", "", "", "")


def troubled(first: int, chance: random.Random) -> list[tuple[str, ...]]:
    """What stands at the end of a group and becomes no task of its own."""
    spoiled = {
        0: item(900, chance, Status="Waiting for legal"),
        ROWS_A_GROUP: item(901, chance, Person=""),
        2 * ROWS_A_GROUP: item(902, chance, **{"Item ID (auto generated)": "1.802E+10"}),
    }
    return [spoiled[first], item(first + 3, random.Random(first))] if first == ROWS_A_GROUP else [spoiled[first]]


if __name__ == "__main__":
    main()
