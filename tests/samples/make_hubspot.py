"""Writes samples/hubspot-*.csv, the same bytes each time: ``python tests/samples/make_hubspot.py``.

People, companies and deals are those of the sandbox's sample workspace, beside some that it does not know. The headers are those of a
HubSpot task export: with labels, and with internal names and values, where people are ids of owners.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

SAMPLES = Path(__file__).parents[2] / "samples"

HEADER = (
    *("Record ID", "Task title", "Task body", "Due date", "Task status", "Task type", "Priority", "Assigned to", "Create date"),
    *("Last modified date", "Completion date", "Associated Contact IDs", "Associated Company IDs", "Associated Deal IDs"),
    *("Associated Contact", "Associated Company", "Associated Deal"),
)
INTERNAL = (
    *("hs_object_id", "hs_task_subject", "hs_task_body", "hs_task_status", "hs_task_priority", "hs_task_type", "hs_timestamp"),
    *("hubspot_owner_id", "hs_createdate", "hs_lastmodifieddate"),
)
GOOD_ROWS = 250
NEW_YORK = ZoneInfo("America/New_York")

MEMBERS = (
    *("sam@acme.example", "maria@acme.example", "lee@acme.example", "ops@acme.example", "alex.kim@acme.example"),
    *("ana.almeida@acme.example", "ben.brandt@acme.example", "chloe.cho@acme.example", "daniel.dubois@acme.example"),
)
LEFT = ("dana.whitfield@acme.example", "t.okafor@acme.example")
OWNERS = dict(zip(range(611_200_031, 611_200_999, 101), (*MEMBERS[:5], LEFT[0]), strict=False))
COMPANIES = (
    *("Acme Corp", "Northwind Logistics", "Northwind Foods", "Northwind Robotics", "Blue Harbor Health", "Blue Harbor Energy"),
    *("Cedar Textiles", "Cedar Media", "Delta Capital", "Evergreen Software", "Falcon Labs", "Granite Foods"),
)
UNKNOWN_COMPANIES = ("Müller & Söhne GmbH", "株式会社サンプル", "Smith, Jones & Partners LLC", "Café “Zoë”")
DEALS = {
    "Acme Corp": "Acme Corp - Renewal 2027",
    "Northwind Logistics": "Northwind Logistics - Platform licence",
    "Northwind Foods": "Northwind Foods - Onboarding",
    "Northwind Robotics": "Northwind Robotics - Data migration",
}
UNKNOWN_DEAL = "Old pipeline - 2019"
CONTACTS = ("Priya Natarajan", "José Ångström", "Bob O'Brien", "Yuki Tanaka", "Anne-Marie Dupont", "Łukasz Nowak")
STATUSES = ("Not started", "Not started", "NOT_STARTED", "In progress", "Waiting", "Deferred", "Completed", "COMPLETED")
TITLES = (
    "Follow up with {contact}",
    "Send proposal to {company}",
    "Prepare QBR: {company}",
    'Ask {contact} about the "pilot" clause',
    "Call back {contact}, before lunch",
    "Check contract renewal \N{EN DASH} {company}",
    "Demo für {contact} vorbereiten",
    "📞 Intro call with {contact}",
    "Collect feedback; update the deal",
    "Invoice #{number} unpaid?",
)
BODIES = (
    "",
    "",
    "Left a voicemail, will try again.",
    "Spoke with {contact}.\n\nNext steps:\n- send pricing\n- loop in legal\n\nBudget is < 50k & approved.",
    "<p>Call <strong>{contact}</strong> about the renewal.</p><p>Wants <em>two</em> options:</p><ul><li>annual</li><li>monthly</li></ul>",
    '<div>See <a href="https://{host}/offer?id={number}&amp;v=2">the offer</a>&nbsp;first.</div><div><br></div><div>Thanks!</div>',
    '"We need this before Q3," {contact} said.\r\nQuoted in full, because legal asked.',
    "Grüße aus Köln ☕ \N{EN DASH} bitte bis Freitag.\nDanke, Zoë",
    "<p>Objections:</p><ol><li>price &gt; budget</li><li>no SSO</li></ol><p>Owner: {contact} &#8211; see notes.</p>",
    "=SUM(A1:A3) was what they typed into the form",
)
TYPES = ("To-do", "Call", "Email")


def main() -> None:
    """Write the samples."""
    for name, text in texts().items():
        (SAMPLES / name).write_text(text, encoding="utf-8", newline="")


def texts() -> dict[str, str]:
    """From the files' names to what stands in them."""
    return {"hubspot-tasks.csv": sample_text(), "hubspot-internal.csv": internal_text(), "hubspot-owners.csv": owners_text()}


def sample_text() -> str:
    """The export with labels."""
    chance = random.Random(20261101)
    rows = [good_row(number, chance) for number in range(GOOD_ROWS)]
    for position, row in troubled_rows(rows):
        rows.insert(position, row)
    return as_text(HEADER, rows)


def as_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The rows as CSV."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()


def internal_text() -> str:
    """The export with internal names: the first tasks again, and some that are not in the other file."""
    chance = random.Random(20261102)
    rows = [internal_row(number, chance) for number in (*range(5), *range(300, 335))]
    rows[11][INTERNAL.index("hs_task_status")] = "BLOCKED"
    rows[17][INTERNAL.index("hs_task_subject")] = ""
    rows[23][INTERNAL.index("hs_timestamp")] = "1.79E+12"
    rows[29][INTERNAL.index("hs_object_id")] = "8.12E+10"
    return as_text(INTERNAL, rows)


def internal_row(number: int, chance: random.Random) -> list[str]:
    """A task as the API names it: times are epoch milliseconds or UTC."""
    contact, company = chance.choice(CONTACTS), chance.choice(COMPANIES)
    due = datetime(2026, 11, 2, 14, 0, tzinfo=UTC) + timedelta(days=chance.randrange(60), minutes=15 * chance.randrange(36))
    known = {"contact": contact, "company": company, "number": 4100 + number, "host": "offers.example.com"}
    iso = due.strftime("%Y-%m-%dT%H:%M:%SZ")
    return [
        str(81_204_400_000 + 37 * number),
        TITLES[number % len(TITLES)].format(**known),
        BODIES[number * 7 % len(BODIES)].format(**known),
        chance.choice(("NOT_STARTED", "IN_PROGRESS", "WAITING", "DEFERRED", "COMPLETED")),
        chance.choice(("NONE", "LOW", "MEDIUM", "HIGH")),
        chance.choice(("TODO", "CALL", "EMAIL")),
        iso if number % 3 else str(int(due.timestamp()) * 1000),
        str(chance.choice(list(OWNERS))),
        (due - timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        (due - timedelta(days=8)).strftime("%Y-%m-%dT%H:%M:%S.123Z"),
    ]


def owners_text() -> str:
    """Who the owners' ids are; one of them has left."""
    return as_text(("Id", "Email", "Archived"), ((str(owner), email, str(email in LEFT).lower()) for owner, email in OWNERS.items()))


def good_row(number: int, chance: random.Random) -> list[str]:
    """A row that becomes a task: the unusual ones come round in turn, so that each kind is there."""
    contact = chance.choice(CONTACTS)
    company = UNKNOWN_COMPANIES[number // 20 % len(UNKNOWN_COMPANIES)] if number % 20 == 7 else chance.choice(COMPANIES)
    due = datetime(2026, 11, 2, 9, 0, tzinfo=NEW_YORK) + timedelta(days=chance.randrange(60), minutes=15 * chance.randrange(36))
    status = chance.choice(STATUSES)
    created = due - timedelta(days=chance.randrange(5, 90))
    known = {"contact": contact, "company": company, "number": 4100 + number, "host": "offers.example.com"}
    cells = {
        "Record ID": str(81_204_400_000 + 37 * number),
        "Task title": TITLES[number % len(TITLES)].format(**known),
        "Task body": BODIES[number * 7 % len(BODIES)].format(**known),
        "Due date": due_text(due, number),
        "Task status": status,
        "Task type": chance.choice(TYPES),
        "Priority": chance.choice(("None", "Low", "Medium", "High")),
        "Assigned to": assignee(number, chance),
        "Create date": local_text(created),
        "Last modified date": local_text(created + timedelta(days=1)),
        "Completion date": local_text(due) if status.casefold() == "completed" else "",
        "Associated Contact IDs": str(5_501 + CONTACTS.index(contact)),
        "Associated Contact": f"{contact} (contact{CONTACTS.index(contact) + 1}@customer.example)",
        **links(number, company),
    }
    return [cells[column] for column in HEADER]


def assignee(number: int, chance: random.Random) -> str:
    """Mostly members, in the spelling that the export happens to have; one in nine has left."""
    if number % 9 == 4:
        return LEFT[number % len(LEFT)]
    member = chance.choice(MEMBERS)
    return member.upper() if number % 40 == 11 else member


def links(number: int, company: str) -> dict[str, str]:
    """The association columns: none, one or two companies, and a deal where the company has one."""
    if number % 13 == 5:
        company = ""
    second = "Delta Capital" if number % 30 == 3 and company not in ("", "Delta Capital") else ""
    companies = [name for name in (company, second) if name]
    deal = UNKNOWN_DEAL if number % 50 == 21 else DEALS.get(company, "") if number % 3 == 0 else ""
    return {
        "Associated Company IDs": ";".join(str(7_001 + (*COMPANIES, *UNKNOWN_COMPANIES).index(name)) for name in companies),
        "Associated Company": ";".join(companies),
        "Associated Deal IDs": str(9_001 + (*DEALS.values(), UNKNOWN_DEAL).index(deal)) if deal else "",
        "Associated Deal": deal,
    }


def due_text(due: datetime, number: int) -> str:
    """The date as exports write it: mostly local text, sometimes a date alone, ISO, epoch milliseconds, or nothing."""
    forms = {
        3: due.strftime("%Y-%m-%d"),
        7: due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        11: due.isoformat(),
        14: str(int(due.timestamp()) * 1000),
        17: "",
        18: "--",
    }
    return forms.get(number % 20, local_text(due))


def local_text(moment: datetime) -> str:
    """``2026-11-02 09:15``."""
    return moment.strftime("%Y-%m-%d %H:%M")


def troubled_rows(good: list[list[str]]) -> list[tuple[int, list[str]]]:
    """Where to insert which row that becomes no task of its own, from the bottom up so that positions hold."""

    def changed(number: int, **cells: str) -> list[str]:
        row = dict(zip(HEADER, good[number], strict=True))
        row["Record ID"] = str(81_299_900_000 + number)
        row.update({name.replace("_", " ").replace("Id", "ID"): text for name, text in cells.items()})
        return [row[column] for column in HEADER]

    return [
        (240, [*changed(240), "a cell too many"]),
        (210, changed(210, Record_Id="8.12E+10")),
        (180, changed(180, Record_Id="")),
        (150, changed(150, Record_Id=good[20][0], Task_title="Same record, but another title")),
        (140, list(good[60])),
        (120, changed(120, Assigned_to="")),
        (90, changed(90, Due_date="2026-02-30 09:00")),
        (50, changed(50, Task_title="")),
        (30, changed(30, Task_status="Blocked by legal")),
    ]


if __name__ == "__main__":
    main()
