"""Writes samples/trello-tasks.csv, the same bytes each time: ``python tests/samples/make_trello.py``.

A board's CSV export. People are those of the sandbox's sample workspace.
"""

from __future__ import annotations

import csv
import io
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from etl.sandbox.sample import companies, people

TARGET = Path(__file__).parents[2] / "samples" / "trello-tasks.csv"

HEADER = (
    *("Card ID", "Card Name", "Card URL", "Card Description", "Labels", "Members", "Due Date", "List ID", "List Name", "Board ID"),
    *("Board Name", "Archived"),
)
GOOD_ROWS = 45
PEOPLE = [f"{person.first} {person.last}" for person in people()[:14] if person.first not in {"Frank", "Alex"}]
COMPANIES = [company.name for company in companies()[:20] if company.name != "Globex"]
LISTS = ("To Do", "Doing", "Done", "Backlog")
NAMES = ("Contract for {company}", "Call {company} back", 'Rename "Phase 2"', "Größere Lizenz anbieten", "🎯 Targets, regions, seats")
DESCRIPTIONS = (
    "",
    "**Next:**\n- send draft\n- wait for legal",
    "See [the offer](https://offers.example.com/7?a=1&b=2)",
    "",
    "Plain, with a comma",
)


def main() -> None:
    """Write the sample."""
    TARGET.write_text(sample_text(), encoding="utf-8", newline="")


def sample_text() -> str:
    """The whole file."""
    chance = random.Random(20261107)
    rows = [good_row(number, chance) for number in range(GOOD_ROWS)]
    for position, row in other_rows(rows, chance):
        rows.insert(position, row)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows([row[column] for column in HEADER] for row in rows)
    return stream.getvalue()


def object_id(chance: random.Random) -> str:
    """24 hexadecimal digits."""
    return f"{chance.getrandbits(96):024x}"


def good_row(number: int, chance: random.Random) -> dict[str, str]:
    """A card that becomes a task."""
    due = datetime(2026, 10, 9, 8, 0, tzinfo=UTC) + timedelta(hours=13 * number)
    members = [PEOPLE[number % len(PEOPLE)], *([PEOPLE[(number + 5) % len(PEOPLE)]] if number % 6 == 2 else [])]
    list_name = LISTS[number % len(LISTS)]
    short = f"{chance.getrandbits(40):08x}"[:8]
    return {
        "Card ID": object_id(chance),
        "Card Name": NAMES[number % len(NAMES)].format(company=chance.choice(COMPANIES)),
        "Card URL": f"https://trello.com/c/{short}/{number}-card",
        "Card Description": DESCRIPTIONS[number % len(DESCRIPTIONS)],
        "Labels": ("", "Urgent (red)", "Urgent (red), Sales (green)")[number % 3],
        "Members": ", ".join(members),
        "Due Date": "" if number % 7 == 3 else due.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "List ID": f"6512bd43d9caa6e02c990b{LISTS.index(list_name):02x}",
        "List Name": list_name,
        "Board ID": "6512bd43d9caa6e02c990b0a",
        "Board Name": "Customer success",
        "Archived": "false",
    }


def other_rows(good: list[dict[str, str]], chance: random.Random) -> list[tuple[int, dict[str, str]]]:
    """Where to insert which card that becomes no task of its own, from the bottom up so that positions hold."""

    def changed(number: int, **cells: str) -> dict[str, str]:
        return {**good[number], "Card ID": object_id(chance), **{name.replace("_", " "): text for name, text in cells.items()}}

    return [
        (41, changed(41, Archived="true")),
        (33, changed(33, Due_Date="tomorrow")),
        (26, changed(26, Archived="true", List_Name="Ideas 2025")),
        (19, changed(19, Members="")),
        (13, changed(13, List_Name="Waiting for customer")),
        (11, changed(11, List_Name="Waiting for customer")),
        (6, dict(good[1])),
    ]


if __name__ == "__main__":
    main()
