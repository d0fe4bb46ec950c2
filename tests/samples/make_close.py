"""Writes samples/close-tasks.ndjson, the same bytes each time: ``python tests/samples/make_close.py``.

One object of Close's task list a line, as its API answers. People and companies are those of the sandbox's sample workspace.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from etl.sandbox.sample import companies, people

TARGET = Path(__file__).parents[2] / "samples" / "close-tasks.ndjson"

GOOD_ROWS = 50
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PEOPLE = [f"{person.first} {person.last}" for person in people()[:14] if person.first not in {"Frank", "Alex"}]
COMPANIES = [company.name for company in companies()[:20] if company.name != "Globex"]
TEXTS = (
    "Call {company} about the pilot",
    "Send the revised quote\n\nThree seats more, and the discount that Lee promised.\nDeadline is theirs, not ours.",
    "Prüfen, ob {company} verlängert",
    'Ask: "who signs?"',
    "\n  Follow up after the demo\nThey liked the reports",
    "☎️ Voicemail left, try again",
)
INBOX = ("incoming_email", "email_followup", "missed_call", "voicemail")


def main() -> None:
    """Write the sample."""
    TARGET.write_text(sample_text(), encoding="utf-8", newline="")


def sample_text() -> str:
    """The whole file."""
    chance = random.Random(20261104)
    rows = [good_row(number, chance) for number in range(GOOD_ROWS)]
    for position, row in other_rows(rows, chance):
        rows.insert(position, row)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def identifier(kind: str, chance: random.Random) -> str:
    """``task_…`` as Close makes them."""
    return f"{kind}_{''.join(chance.choices(LETTERS, k=43))}"


def good_row(number: int, chance: random.Random) -> dict[str, Any]:
    """A task that somebody wrote."""
    company = chance.choice(COMPANIES)
    created = datetime(2026, 9, 1, 8, 30, 15, 481_000, tzinfo=UTC) + timedelta(hours=7 * number)
    lead, author = identifier("lead", chance), identifier("user", chance)
    dateless = number % 6 == 4
    # Close gives a dateless task a date, too: the day on which it was made.
    date = created.date().isoformat() if dateless else due_text(created + timedelta(days=60), number)
    return {
        "_type": "lead",
        "assigned_to": identifier("user", chance),
        "assigned_to_name": PEOPLE[number % len(PEOPLE)],
        "contact_id": None,
        "contact_name": None,
        "created_by": author,
        "created_by_name": PEOPLE[(number + 3) % len(PEOPLE)],
        "date": date,
        "date_created": created.isoformat(),
        "date_updated": (created + timedelta(days=1)).isoformat(),
        "due_date": date,
        "id": identifier("task", chance),
        "is_complete": number % 4 == 1,
        "is_dateless": dateless,
        "lead_id": lead,
        "lead_name": company,
        "object_id": None,
        "object_type": None,
        "organization_id": "orga_8xVbC4hM1kQ2nRs7TzW0yLpJdFgAaEeUuIiOoKk3NtB",
        "text": TEXTS[number % len(TEXTS)].format(company=company),
        "updated_by": author,
        "updated_by_name": PEOPLE[(number + 3) % len(PEOPLE)],
        "view": "future" if number % 3 else "inbox",
    }


def due_text(due: datetime, number: int) -> str:
    """A day, or a time with its offset."""
    return due.date().isoformat() if number % 2 else due.replace(microsecond=0).isoformat()


def other_rows(good: list[dict[str, Any]], chance: random.Random) -> list[tuple[int, dict[str, Any]]]:
    """Where to insert which row that becomes no task of its own, from the bottom up so that positions hold."""

    def changed(number: int, **values: Any) -> dict[str, Any]:
        return {**good[number], "id": identifier("task", chance), **values}

    inbox = [(44 - 8 * place, changed(3 * place, _type=kind, text=None)) for place, kind in enumerate(INBOX)]
    troubled = [
        (40, changed(40, assigned_to=None, assigned_to_name=None)),
        (30, changed(30, text="  ")),
        (25, dict(good[2])),
        (15, changed(15, date="next week")),
        (10, changed(10, is_complete=None)),
    ]
    return sorted([*inbox, *troubled], key=lambda placed: -placed[0])


if __name__ == "__main__":
    main()
