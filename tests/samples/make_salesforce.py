"""Writes samples/salesforce-*, the same bytes each time: ``python tests/samples/make_salesforce.py``.

``salesforce-tasks.zip`` is a Data Export backup (Task.csv in ISO-8859-1 with its User.csv, Account.csv and Opportunity.csv),
``salesforce-data-loader.csv`` the tasks alone under upper-case names, ``salesforce-cli.csv`` a query with names instead of ids.
People, companies and deals are those of the sandbox's sample workspace, beside some that it does not know.
"""

from __future__ import annotations

import csv
import io
import random
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

SAMPLES = Path(__file__).parents[2] / "samples"

HEADER = (
    *("Id", "WhoId", "WhatId", "WhoCount", "WhatCount", "Subject", "ActivityDate", "Status", "Priority", "OwnerId", "Description"),
    *("CurrencyIsoCode", "Type", "IsDeleted", "AccountId", "IsClosed", "CreatedDate", "CreatedById", "LastModifiedDate"),
    *("LastModifiedById", "SystemModstamp", "IsArchived", "EmailMessageId", "ActivityOriginType", "CallDurationInSeconds", "CallType"),
    *("CallDisposition", "CallObject", "ReminderDateTime", "IsReminderSet", "RecurrenceActivityId", "IsRecurrence"),
    *("RecurrenceStartDateOnly", "RecurrenceEndDateOnly", "RecurrenceType", "RecurrenceInterval", "CompletedDateTime"),
)
QUERIED = (
    *("ID", "WHOID", "WHATID", "SUBJECT", "ACTIVITYDATE", "STATUS", "PRIORITY", "OWNERID", "DESCRIPTION", "ISDELETED", "ACCOUNTID"),
    *("ISCLOSED", "TASKSUBTYPE", "CREATEDDATE"),
)
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
NULL_ID = "000000000000000AAA"
GOOD_ROWS = 70
QUERIED_ROWS = 24

USERS = (
    *(("Sam", "Rivera", "sam@acme.example", "1"), ("Maria", "Lopez", "maria@acme.example", "1"), ("Lee", "Chen", "lee@acme.example", "1")),
    *(("Alex", "Kim", "alex.kim@acme.example", "1"), ("Ana", "Almeida", "ana.almeida@acme.example", "1")),
    *(("Dana", "Whitfield", "dana.whitfield@acme.example", "0"), ("Tobi", "Okafor", "t.okafor@acme.example", "0")),
)
WHO_LEFT = (5, 6)
COMPANIES = (
    "Acme Corp",
    "Northwind Logistics",
    "Northwind Foods",
    "Northwind Robotics",
    "Blue Harbor Health",
    "Cedar Textiles",
    "Müller & Söhne GmbH",
)
UNKNOWN_COMPANY = 6
DEALS = {
    0: "Acme Corp - Renewal 2027",
    1: "Northwind Logistics - Platform licence",
    2: "Northwind Foods - Onboarding",
    3: "Northwind Robotics - Data migration",
}
CONTACTS = ("Priya Natarajan", "José Angström", "Bob O'Brien", "Anne-Marie Dupont")
SUBJECTS = (
    "Call {contact}",
    "Send quote to {company}",
    "Prüfen: Vertrag {company}",
    "Follow up, {contact}",
    "Prepare renewal of {company}",
)
BODIES = (
    "",
    "Left a voicemail. Will try again on Thursday.",
    "Spoke with {contact}: budget is < 50k & approved, *two* options wanted.",
    "Agenda: 1. pricing 2. café à Genève 3. next steps",
)
OPEN = ("Open", "Not Started", "In Progress", "Waiting on someone else", "Deferred")


def main() -> None:
    """Write the samples."""
    for name, content in samples().items():
        (SAMPLES / name).write_bytes(content)


def samples() -> dict[str, bytes]:
    """File names and contents."""
    rows = all_rows()
    return {
        "salesforce-tasks.zip": backup(rows),
        "salesforce-data-loader.csv": data_loader(rows).encode(),
        "salesforce-cli.csv": cli(rows).encode(),
    }


def salesforce_id(prefix: str, number: int) -> str:
    """18 characters: 15 that tell upper from lower case, and three that say which of them are upper."""
    digits = ""
    for _ in range(5):
        number, place = divmod(number, len(_DIGITS))
        digits = _DIGITS[place] + digits
    base, suffix = f"{prefix}5e00001{digits}", ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, letter in enumerate(base[start : start + 5]) if letter.isupper())
        suffix += "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits]
    return base + suffix


def user_id(number: int) -> str:
    """Of a user."""
    return salesforce_id("005", 4_000_000 + number)


def account_id(number: int) -> str:
    """Of an account."""
    return salesforce_id("001", 7_100_000 + number)


def deal_id(number: int) -> str:
    """Of an opportunity, by its company."""
    return salesforce_id("006", 9_300_000 + number)


def task_id(number: int) -> str:
    """Of a task."""
    return salesforce_id("00T", 1_200_000 + number)


def all_rows() -> list[dict[str, str]]:
    """Every row of Task.csv by column: good ones, those that are no tasks, and those that cannot become one."""
    chance = random.Random(20261103)
    rows = [good_row(number, chance) for number in range(GOOD_ROWS)]
    for position, row in (*not_tasks(rows), *troubled(rows)):
        rows.insert(position, row)
    return rows


def good_row(number: int, chance: random.Random) -> dict[str, str]:
    """A task: the unusual ones come round in turn, so that each kind is there."""
    company = chance.randrange(len(COMPANIES))
    contact = chance.randrange(len(CONTACTS))
    day = datetime(2026, 11, 2, tzinfo=UTC) + timedelta(days=chance.randrange(60))
    status = "Completed" if number % 3 == 0 else OPEN[number % len(OPEN)]
    made = day - timedelta(days=chance.randrange(5, 90), minutes=chance.randrange(1440))
    named = {"contact": CONTACTS[contact], "company": COMPANIES[company]}
    # Most tasks hang on an opportunity or an account; some on an object of the organization's own, some on nothing.
    what = {1: account_id(company), 2: salesforce_id("a0f", 50 + number), 3: NULL_ID}.get(number % 5)
    what = what or (deal_id(company) if company in DEALS else account_id(company))
    row = dict.fromkeys(HEADER, "")
    row |= {
        "Id": task_id(number),
        "WhoId": NULL_ID if number % 4 == 1 else salesforce_id("003", 300 + contact),
        "WhatId": what,
        "WhoCount": "0" if number % 4 == 1 else "1",
        "WhatCount": "0" if what == NULL_ID else "1",
        "Subject": SUBJECTS[number % len(SUBJECTS)].format(**named),
        "ActivityDate": "" if number % 17 == 4 else day.strftime("%Y-%m-%d 00:00:00"),
        "Status": status,
        "Priority": chance.choice(("Low", "Normal", "High")),
        "OwnerId": user_id(WHO_LEFT[number % 2] if number % 9 == 4 else chance.randrange(5)),
        "Description": BODIES[number % len(BODIES)].format(**named),
        "CurrencyIsoCode": "EUR",
        "IsDeleted": "0",
        "AccountId": "" if what == NULL_ID or what.startswith("a0f") else account_id(company),
        "IsClosed": "1" if status == "Completed" else "0",
        "CreatedDate": stamp(made),
        "CreatedById": user_id(0),
        "LastModifiedDate": stamp(made + timedelta(hours=3)),
        "LastModifiedById": user_id(0),
        "SystemModstamp": stamp(made + timedelta(hours=3)),
        "IsArchived": "0",
        "IsReminderSet": "0",
        "IsRecurrence": "0",
        "CompletedDateTime": stamp(day) if status == "Completed" else "",
    }
    if number == 30:  # no subject, but a body: its first line becomes the title
        row |= {"Subject": "", "Description": "Ask for the signed copy of the order form"}
    if number == 36:  # the organization's own word for a closed task: IsClosed says what it is
        row |= {"Status": "Erledigt", "IsClosed": "1"}
    return row


def stamp(moment: datetime) -> str:
    """``2026-11-02 09:15:00``: UTC, without saying so."""
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def not_tasks(good: Sequence[dict[str, str]]) -> list[tuple[int, dict[str, str]]]:
    """Logged e-mails, list e-mails, calls, deleted rows and the pattern of a series: all of them stay out."""

    def changed(number: int, **cells: str) -> dict[str, str]:
        return {**good[number % len(good)], "Id": task_id(5_000 + number), **cells}

    body = "To: priya@customer.example\nCC: \nBCC: \nAttachment: --none--\n\nSubject: Your offer\nBody:\nDear Priya, ..."
    mails = [changed(n, Subject="Email: Your offer", Description=body, EmailMessageId=salesforce_id("02s", n)) for n in range(18)]
    lists = [changed(20 + n, Subject="List Email: Newsletter", WhatId=salesforce_id("0XB", n)) for n in range(9)]
    calls = [changed(40 + n, Subject="Call", CallType="Outbound", CallDurationInSeconds=str(35 + n)) for n in range(3)]
    others = [
        changed(60, IsDeleted="1"),
        changed(61, IsRecurrence="1", RecurrenceType="RecursWeekly", RecurrenceInterval="1"),
    ]
    return [(3 * place, row) for place, row in enumerate((*mails, *lists, *calls, *others))]


def troubled(good: Sequence[dict[str, str]]) -> list[tuple[int, dict[str, str]]]:
    """Rows that must be rejected, each for one reason; from the bottom up so that positions hold."""

    def changed(number: int, **cells: str) -> dict[str, str]:
        return {**good[number], "Id": task_id(8_000 + number), **cells}

    return [
        (90, changed(50, ActivityDate="2026-02-30 00:00:00")),
        (80, changed(42, Id="")),
        (70, changed(10, Subject="", Description="")),
        (60, changed(20, Id=task_id(20), Subject="The same id, but another subject")),
        (40, changed(11, Status="Blocked by legal", IsClosed="0")),
        (20, changed(12, OwnerId="")),
    ]


def backup(rows: Iterable[dict[str, str]]) -> bytes:
    """The zip of the weekly export; stored, so that its bytes are the same everywhere."""
    users = [(user_id(n), email, first, last, active) for n, (first, last, email, active) in enumerate(USERS)]
    members = {
        "Account.csv": table(("Id", "IsDeleted", "Name"), [(account_id(n), "0", name) for n, name in enumerate(COMPANIES)]),
        "Opportunity.csv": table(("Id", "IsDeleted", "AccountId", "Name"), [(deal_id(n), "0", account_id(n), DEALS[n]) for n in DEALS]),
        "Task.csv": table(HEADER, [tuple(row[column] for column in HEADER) for row in rows]),
        "User.csv": table(("Id", "Email", "FirstName", "LastName", "IsActive"), users),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 3, 2, 0, 0)), text.encode("iso-8859-1"))
    return stream.getvalue()


def data_loader(rows: Sequence[dict[str, str]]) -> str:
    """What Data Loader writes: names in capitals, dates without filler, true and false, UTF-8."""
    asked = [row for row in rows if row["IsDeleted"] == "0" and row["IsRecurrence"] == "0"][:QUERIED_ROWS]
    return table(QUERIED, [tuple(loaded(row)[column] for column in QUERIED) for row in asked])


def loaded(row: dict[str, str]) -> dict[str, str]:
    """A row as the API gives it."""
    cells = {name.upper(): "" if text == NULL_ID else text for name, text in row.items()}
    return {
        **cells,
        "ACTIVITYDATE": row["ActivityDate"].removesuffix(" 00:00:00"),
        "ISDELETED": "false",
        "ISCLOSED": "true" if row["IsClosed"] == "1" else "false",
        "TASKSUBTYPE": "Email" if row["EmailMessageId"] else "ListEmail" if row["WhatId"].startswith("0XB") else "Task",
        "CREATEDDATE": row["CreatedDate"].replace(" ", "T") + ".000Z",
    }


def cli(rows: Sequence[dict[str, str]]) -> str:
    """A query that asks for names: no side file is needed."""
    header = (
        "Id",
        "Subject",
        "Description",
        "Status",
        "IsClosed",
        "ActivityDate",
        "TaskSubtype",
        "WhatId",
        "Owner.Email",
        "Account.Name",
        "What.Name",
    )
    emails = {user_id(n): user[2] for n, user in enumerate(USERS)}
    accounts = {account_id(n): name for n, name in enumerate(COMPANIES)}
    whats = accounts | {deal_id(n): name for n, name in DEALS.items()}
    lines = []
    for row in [row for row in rows if row["IsDeleted"] == "0" and row["IsRecurrence"] == "0"][:QUERIED_ROWS]:
        cells = {name: loaded(row)[name.upper()] for name in header if "." not in name}
        own = "Invoice run 2026-11" if row["WhatId"].startswith("a0f") else ""
        cells |= {"Owner.Email": emails.get(row["OwnerId"], ""), "Account.Name": accounts.get(row["AccountId"], "")}
        cells |= {"What.Name": whats.get(row["WhatId"], own)}
        lines.append(tuple(cells[column] for column in header))
    return table(header, lines, quoting=csv.QUOTE_MINIMAL)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, quoting: int = csv.QUOTE_ALL) -> str:
    """CSV with LF line ends."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n", quoting=quoting)  # type: ignore[arg-type]
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()


if __name__ == "__main__":
    main()
