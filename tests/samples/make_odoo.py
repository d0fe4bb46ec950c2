"""Writes samples/odoo-tasks.csv (labels) and samples/odoo-keys.csv (field names), the same bytes each time.

``python tests/samples/make_odoo.py``. Exports of ``project.task``, the second one import-compatible. People and companies are those of
the sandbox's sample workspace.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from etl.sandbox.sample import companies, people

FOLDER = Path(__file__).parents[2] / "samples"

# What both files have, as label and as field name.
FIELDS = {
    "External ID": "id",
    "Title": "name",
    "Project": "project_id",
    "Stage": "stage_id",
    "State": "state",
    "Assignees": "user_ids",
    "Customer": "partner_id",
    "Deadline": "date_deadline",
    "Tags": "tag_ids",
    "Parent Task": "parent_id",
    "Description": "description",
}
GOOD_ROWS = 42
PEOPLE = [f"{person.first} {person.last}" for person in people()[:14] if person.first not in {"Frank", "Alex"}]
COMPANIES = [company.name for company in companies()[:20] if company.name != "Globex"]
STATES = {
    "In Progress": "01_in_progress",
    "Changes Requested": "02_changes_requested",
    "Approved": "03_approved",
    "Waiting": "04_waiting_normal",
    "Done": "1_done",
    "Cancelled": "1_canceled",
}
TITLES = ("Onboarding of {company}", "Fix the invoice, second copy", 'Write the "how to"', "Schulung für {company}", "Quote: 5 seats")
DESCRIPTIONS = (
    "",
    "<p>Call first.</p><ul><li>seats</li><li>dates</li></ul>",
    '<p>See <a href="https://files.example.com/a?b=1&amp;c=2">the file</a>&nbsp;&amp; answer.</p>',
    "<p>Größe &lt; 5 Personen</p>",
    "",
)


def main() -> None:
    """Write both samples."""
    for name, text in sample_texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="")


def sample_texts() -> dict[str, str]:
    """Both files by name."""
    chance = random.Random(20261108)
    rows = [good_row(number, chance) for number in range(GOOD_ROWS)]
    for position, row in troubled_rows(rows):
        rows.insert(position, row)
    keyed = [{**row, "State": STATES.get(row["State"], row["State"])} for row in rows]
    return {"odoo-tasks.csv": as_text(tuple(FIELDS), rows), "odoo-keys.csv": as_text(tuple(FIELDS.values()), keyed)}


def as_text(header: Sequence[str], rows: Sequence[dict[str, str]]) -> str:
    """Rows as CSV, every cell quoted."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    writer.writerows([row[label] for label in FIELDS] for row in rows)
    return stream.getvalue()


def external_id(number: int) -> str:
    """As Odoo makes them for what was not imported."""
    return f"__export__.project_task_{number}_{number * 7_919 % 0xFFFFFFFF:08x}"


def good_row(number: int, chance: random.Random) -> dict[str, str]:
    """A row that becomes a task."""
    company = chance.choice(COMPANIES)
    due = datetime(2026, 11, 2, 9, 0) + timedelta(hours=17 * number)  # noqa: DTZ001  the file names no zone
    assignees = [PEOPLE[number % len(PEOPLE)], *([PEOPLE[(number + 4) % len(PEOPLE)]] if number % 5 == 1 else [])]
    return {
        "External ID": external_id(300 + number),
        "Title": TITLES[number % len(TITLES)].format(company=company),
        "Project": "Customer onboarding",
        "Stage": ("New", "In Progress", "Done")[number % 3],
        "State": list(STATES)[number % len(STATES)],
        "Assignees": ",".join(assignees),
        "Customer": company if number % 4 else "",
        "Deadline": "" if number % 9 == 4 else due.strftime("%Y-%m-%d %H:%M:%S"),
        "Tags": ("", "Setup", "Setup,Training")[number % 3],
        "Parent Task": f"Roll-out of {company}" if number % 10 == 7 else "",
        "Description": DESCRIPTIONS[number % len(DESCRIPTIONS)],
    }


def troubled_rows(good: list[dict[str, str]]) -> list[tuple[int, dict[str, str]]]:
    """Where to insert which row that becomes no task of its own, from the bottom up so that positions hold."""

    def changed(number: int, **cells: str) -> dict[str, str]:
        return {**good[number], "External ID": external_id(900 + number), **cells}

    return [
        (38, changed(38, Deadline="2026-02-30 09:00:00")),
        (29, changed(29, State="Blocked by supplier")),
        (22, changed(22, Assignees="")),
        (15, changed(15, Title="")),
        (7, dict(good[3])),
    ]


if __name__ == "__main__":
    main()
