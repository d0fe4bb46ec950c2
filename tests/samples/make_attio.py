"""Writes samples/attio-tasks.ndjson and samples/attio-members.csv, the same bytes each time: ``python tests/samples/make_attio.py``.

One object of Attio's task list a line, as its API answers, and the workspace's members as a person makes a table of them. People are
those of the sandbox's sample workspace.
"""

from __future__ import annotations

import csv
import io
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from etl.sandbox.sample import Person, companies, people

FOLDER = Path(__file__).parents[2] / "samples"

GOOD_ROWS = 45
PEOPLE = [person for person in people()[:14] if person.first not in {"Frank", "Alex"}]
COMPANIES = [company.name for company in companies()[:20] if company.name != "Globex"]
TEXTS = (
    "Send the mutual NDA",
    "Call about the pilot\n\n- who decides?\n- by when?",
    "Angebot für {company} schreiben",
    'Ask {company}: "which seats?"',
    "📅 Book the review, invite finance",
)
WORKSPACE = "14beef7a-99f7-4534-a87e-70b564330a4c"


def main() -> None:
    """Write both samples."""
    for name, text in sample_texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="")


def sample_texts() -> dict[str, str]:
    """Both files by name."""
    chance = random.Random(20261109)
    ids = {person.email: guid(chance) for person in PEOPLE}
    rows = [good_row(number, ids, chance) for number in range(GOOD_ROWS)]
    for position, row in troubled_rows(rows, chance):
        rows.insert(position, row)
    tasks = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return {"attio-tasks.ndjson": tasks, "attio-members.csv": members_text(ids)}


def members_text(ids: dict[str, str]) -> str:
    """A table of who is behind which id."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("workspace_member_id", "email_address", "first_name", "last_name"))
    writer.writerows((ids[person.email], person.email, person.first, person.last) for person in PEOPLE)
    return stream.getvalue()


def guid(chance: random.Random) -> str:
    """Lower-case, without braces."""
    return str(UUID(int=chance.getrandbits(128), version=4))


def actor(identifier: str) -> dict[str, str]:
    """Somebody in ``assignees``."""
    return {"referenced_actor_type": "workspace-member", "referenced_actor_id": identifier}


def stamp(moment: datetime, nanoseconds: int) -> str:
    """``2022-11-21T13:22:49.061281000Z``."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z"


def good_row(number: int, ids: dict[str, str], chance: random.Random) -> dict[str, Any]:
    """A row that becomes a task."""
    created = datetime(2026, 9, 7, 13, 22, 49, tzinfo=UTC) + timedelta(hours=10 * number)
    assignees = [PEOPLE[number % len(PEOPLE)], *([PEOPLE[(number + 3) % len(PEOPLE)]] if number % 7 == 2 else [])]
    return {
        "id": {"workspace_id": WORKSPACE, "task_id": guid(chance)},
        "content_plaintext": TEXTS[number % len(TEXTS)].format(company=chance.choice(COMPANIES)),
        "is_completed": number % 4 == 3,
        "deadline_at": deadline(created + timedelta(days=60), number),
        "linked_records": linked(number, chance),
        "assignees": assigned(assignees, ids),
        "created_by_actor": {"type": "workspace-member", "id": ids[PEOPLE[0].email]},
        "created_at": stamp(created, 61_281_000 + number),
    }


def assigned(assignees: list[Person], ids: dict[str, str]) -> list[dict[str, str]]:
    """One or two people."""
    return [actor(ids[person.email]) for person in assignees]


def deadline(moment: datetime, number: int) -> str | None:
    """A stamp with nanoseconds, a day, or nothing."""
    if number % 6 == 5:
        return None
    return moment.date().isoformat() if number % 3 == 1 else stamp(moment, 61_281_000 if number % 3 == 2 else 0)


def linked(number: int, chance: random.Random) -> list[dict[str, str]]:
    """People first, then a company, and a deal: not in any order that could be relied on."""
    kinds = (("companies",), ("people", "companies"), ("deals", "companies"), (), ("people", "deals"))[number % 5]
    return [{"target_object_id": kind, "target_record_id": guid(chance)} for kind in kinds]


def troubled_rows(good: list[dict[str, Any]], chance: random.Random) -> list[tuple[int, dict[str, Any]]]:
    """Where to insert which row that becomes no task of its own, from the bottom up so that positions hold."""

    def changed(number: int, **values: Any) -> dict[str, Any]:
        return {**good[number], "id": {"workspace_id": WORKSPACE, "task_id": guid(chance)}, **values}

    return [
        (37, changed(37, content_plaintext="")),
        (28, changed(28, assignees=[])),
        (19, changed(19, deadline_at="2026-13-01")),
        (11, changed(11, is_completed=None)),
        (8, dict(good[2])),
    ]


if __name__ == "__main__":
    main()
