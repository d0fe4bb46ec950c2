"""Writes samples/dynamics-tasks.csv (labels) and samples/dynamics-api.csv (API names), the same bytes each time.

``python tests/samples/make_dynamics.py``. The first is what Excel saves of a view's export, the second a dump of the task table: the
same kind of tasks twice. People and companies are those of the sandbox's sample workspace.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from etl.sandbox.sample import companies, deals, people

FOLDER = Path(__file__).parents[2] / "samples"

LABELS = (
    *("(Do Not Modify) Task", "(Do Not Modify) Row Checksum", "(Do Not Modify) Modified On", "Subject", "Regarding"),
    *("Activity Status", "Status Reason", "Priority", "Due Date", "Owner", "Created On", "Description", "Customer (Regarding) (Case)"),
)
_SHOWN = "@OData.Community.Display.V1.FormattedValue"
_KIND = "@Microsoft.Dynamics.CRM.lookuplogicalname"
API_NAMES = (
    *("activityid", "subject", "description", "scheduledend", "scheduledstart", "actualend", "statecode", "statuscode", "prioritycode"),
    *("percentcomplete", "category", "createdon", "modifiedon", "_ownerid_value", f"_ownerid_value{_SHOWN}", "_regardingobjectid_value"),
    *(f"_regardingobjectid_value{_SHOWN}", f"_regardingobjectid_value{_KIND}", "_createdby_value"),
)
GOOD_ROWS = 40
NEW_YORK = ZoneInfo("America/New_York")
PEOPLE = [f"{person.first} {person.last}" for person in people()[:14] if person.first not in {"Frank", "Alex"}]
COMPANIES = [company.name for company in companies()[:20] if company.name != "Globex"]
DEALS = [name for name, _ in deals()[:10]]
# statecode, statuscode, and their labels.
STATUSES = (
    ("0", "2", "Open", "Not Started"),
    ("0", "3", "Open", "In Progress"),
    ("0", "4", "Open", "Waiting on someone else"),
    ("1", "5", "Completed", "Completed"),
    ("2", "6", "Canceled", "Canceled"),
    ("0", "7", "Open", "Deferred"),
    # Reasons that an administrator has added: only the state tells what they mean.
    ("0", "100000001", "Open", "With legal"),
    ("1", "100000002", "Completed", "Handed over"),
)
SUBJECTS = ("Call {company}", "Prepare the offer, three options", 'Review "Annex B"', "Vertrag mit {company} prüfen", "Book a room")
DESCRIPTIONS = ("", "Ask about seats.\r\nAnd about the start date.", "Price < 10k, see mail; answer by Friday", "")


def main() -> None:
    """Write both samples."""
    for name, text in sample_texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="")


def sample_texts() -> dict[str, str]:
    """Both files by name."""
    chance = random.Random(20261106)
    tasks = [make_task(number, chance) for number in range(GOOD_ROWS)]
    for position, task in troubled_tasks(tasks, chance):
        tasks.insert(position, task)
    labelled = as_text(LABELS, [labelled_row(task) for task in tasks], "\r\n")
    dumped = as_text(API_NAMES, [dumped_row(task) for task in tasks], "\n")
    # Excel marks what it saves as UTF-8 with a BOM.
    return {"dynamics-tasks.csv": "\ufeff" + labelled, "dynamics-api.csv": dumped}


def as_text(header: Sequence[str], rows: Sequence[dict[str, str]], line_end: str) -> str:
    """Rows as CSV."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator=line_end)
    writer.writerow(header)
    writer.writerows([row[column] for column in header] for row in rows)
    return stream.getvalue()


def guid(chance: random.Random) -> str:
    """Lower-case, without braces."""
    return str(UUID(int=chance.getrandbits(128)))


def make_task(number: int, chance: random.Random) -> dict[str, str]:
    """What both files say of one task."""
    company = COMPANIES[number % len(COMPANIES)]
    created = datetime(2026, 9, 1, 13, 5, tzinfo=UTC) + timedelta(hours=9 * number)
    state, reason, state_label, reason_label = STATUSES[number % len(STATUSES)]
    kind, regarding = regarded(number, company)
    return {
        "id": guid(chance),
        "subject": SUBJECTS[number % len(SUBJECTS)].format(company=company),
        "description": DESCRIPTIONS[number % len(DESCRIPTIONS)],
        "due": "" if number % 9 == 7 else (created + timedelta(days=55)).isoformat(),
        "state": state,
        "reason": reason,
        "state label": state_label,
        "reason label": reason_label,
        "created": created.isoformat(),
        "owner id": guid(chance),
        "owner": PEOPLE[number % len(PEOPLE)],
        "regarding id": guid(chance) if regarding else "",
        "regarding": regarding,
        "kind": kind,
    }


def regarded(number: int, company: str) -> tuple[str, str]:
    """A table and a name: mostly an account, sometimes an opportunity, a contact or nothing."""
    if number % 5 == 3:
        return "opportunity", DEALS[number % len(DEALS)]
    if number % 10 == 6:
        return "contact", "Priya Natarajan"
    return ("", "") if number % 10 == 9 else ("account", company)


def troubled_tasks(good: list[dict[str, str]], chance: random.Random) -> list[tuple[int, dict[str, str]]]:
    """Where to insert which task that is not imported, from the bottom up so that positions hold."""

    def changed(number: int, **values: str) -> dict[str, str]:
        return {**good[number], "id": guid(chance), **{name.replace("_", " "): text for name, text in values.items()}}

    return [
        (36, changed(36, owner="")),
        (27, changed(27, id="")),
        (21, dict(good[2])),
        (14, changed(14, state="9", reason="900000009", state_label="Scheduled", reason_label="Planned by robot")),
        (8, changed(8, subject="")),
    ]


def labelled_row(task: dict[str, str]) -> dict[str, str]:
    """By label; times are those of the exporter, as an American Excel shows them."""
    return {
        "(Do Not Modify) Task": task["id"],
        "(Do Not Modify) Row Checksum": f"c2hvd24gb25seSBvbmNl{task['id'][:6]}==",
        "(Do Not Modify) Modified On": excel(task["created"]),
        "Subject": task["subject"],
        "Regarding": task["regarding"],
        "Activity Status": task["state label"],
        "Status Reason": task["reason label"],
        "Priority": "Normal",
        "Due Date": excel(task["due"]),
        "Owner": task["owner"],
        "Created On": excel(task["created"]),
        "Description": task["description"],
        "Customer (Regarding) (Case)": "",
    }


def excel(moment: str) -> str:
    """``11/5/2026 3:05 PM``."""
    if not moment:
        return ""
    local = datetime.fromisoformat(moment).astimezone(NEW_YORK)
    return f"{local.month}/{local.day}/{local.year} {local.hour % 12 or 12}:{local:%M} {local:%p}"


def dumped_row(task: dict[str, str]) -> dict[str, str]:
    """By API name; times are UTC."""
    return {
        "activityid": task["id"],
        "subject": task["subject"],
        "description": task["description"],
        "scheduledend": task["due"].replace("+00:00", "Z"),
        "scheduledstart": "",
        "actualend": "",
        "statecode": task["state"],
        "statuscode": task["reason"],
        "prioritycode": "1",
        "percentcomplete": "0",
        "category": "",
        "createdon": task["created"].replace("+00:00", "Z"),
        "modifiedon": task["created"].replace("+00:00", "Z"),
        "_ownerid_value": task["owner id"],
        f"_ownerid_value{_SHOWN}": task["owner"],
        "_regardingobjectid_value": task["regarding id"],
        f"_regardingobjectid_value{_SHOWN}": task["regarding"],
        f"_regardingobjectid_value{_KIND}": task["kind"],
        "_createdby_value": task["owner id"],
    }


if __name__ == "__main__":
    main()
