"""The rows of a schedule: what they say, how that changes, and what their tasks have to hold."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

MEMBERS = ("ann@night.example", "bob@night.example", "cy@night.example")
COLUMNS = ("Id", "Title", "Status", "Due", "Owner", "Account", "Notes")
_STATUSES = {"Open": "TODO", "Busy": "IN_PROGRESS", "Done": "COMPLETE"}
_DUE = datetime(2026, 6, 1, tzinfo=UTC)

CONFIG = """\
name: night
timezone: UTC
source: {path: rows.csv, key: Id}
stamp: STAMP
map:
  $title: Title
  $status: {column: Status, values: {Open: TODO, Busy: IN_PROGRESS, Done: COMPLETE}}
  $assignedTo: {column: Owner, lookup: member.email}
  $account: Account
MORElimits: {timeout: TIMEOUT, attempts: ATTEMPTS}
"""

MORE = """\
  $dueAt: Due
  $description: Notes
"""
"""Of the map, in some schedules: each field costs a schedule a tenth of its time."""


def config_text(*, timeout: float, attempts: int, wide: bool, stamp: bool) -> str:
    """The config of a schedule."""
    said = CONFIG.replace("STAMP", "true" if stamp else "false")
    return said.replace("TIMEOUT", str(timeout)).replace("ATTEMPTS", str(attempts)).replace("MORE", MORE if wide else "")


@dataclass(slots=True)
class Row:
    """One row of the source.

    Attributes:
        kind: ``plain``; ``twin`` (others say the same); ``refused`` by the API; ``rejected`` by us; ``repeat`` of another; ``keyless``.
        cells: As they stand in the file now.
        contents: Every content that it ever had, the newest last, as its task would hold it; None where it can be no task.
        titles: Every title that it ever had.
    """

    key: str
    kind: str
    cells: dict[str, str]
    contents: list[dict[str, Any] | None] = field(default_factory=list)
    titles: set[str] = field(default_factory=set)

    @property
    def content(self) -> dict[str, Any] | None:
        return self.contents[-1]


class Source:
    """The file.

    Args:
        dice: Decide the rows.
        count: How many.
        members: Id by e-mail.
        account: The id of an account that there is.
        wide: The map has every field.
        stamp: Descriptions end with the row's stamp.
        twins: The share of rows that say the same as others.
    """

    def __init__(self, dice: Random, count: int, members: dict[str, str], account: str, *, wide: bool, stamp: bool, twins: float) -> None:
        self._twins = twins
        self._wide = wide
        self._stamp = stamp
        self._dice = dice
        self._members = members
        self._account = account
        self._edits = 0
        self.rows: list[Row] = []
        for number in range(count):
            self.rows.append(self._row(number))

    def edit(self, share: float) -> list[Row]:
        """Some rows are corrected, those that were refused among them."""
        edited = [row for row in self.rows if row.kind in {"plain", "refused"} and self._dice.random() < share]
        for row in edited:
            self._edits += 1
            row.kind = "plain"
            row.cells |= {"Title": f"Row {row.key} e{self._edits}", "Account": "", "Status": self._dice.choice(list(_STATUSES))}
            self._say(row)
        return edited

    def write(self, path: Path) -> None:
        """As the CRM would export it."""
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, COLUMNS)
            writer.writeheader()
            writer.writerows(row.cells for row in self.rows)

    def _row(self, number: int) -> Row:
        kind = self._dice.choices(
            ("plain", "twin", "refused", "rejected", "repeat", "keyless"), (88 * (1 - self._twins), 88 * self._twins, 4, 3, 3, 2)
        )[0]
        if kind == "repeat":
            earlier = [row for row in self.rows if row.kind == "plain"]
            if not earlier:
                kind = "plain"
            else:
                one = self._dice.choice(earlier)
                one.kind = "repeated"
                return Row(one.key, "repeat", dict(one.cells), list(one.contents), set(one.titles))
        key = f"{1000 + number}"
        cells = {
            "Id": key,
            "Title": f"Row {key} e0",
            "Status": self._dice.choice(list(_STATUSES)),
            "Due": (_DUE + timedelta(hours=self._dice.randrange(2000))).strftime("%Y-%m-%d %H:%M:%S"),
            "Owner": self._dice.choice(MEMBERS),
            "Account": self._account if self._dice.random() < 0.3 else "",
            "Notes": self._dice.choice(("", "Call back", 'Line one\nline two, with "quotes"')),
        }
        if kind == "twin":
            cells |= {"Title": f"Twin {self._dice.randrange(2)}", "Status": "Open", "Due": "2026-06-01 09:00:00", "Owner": MEMBERS[0]}
            cells |= {"Account": "", "Notes": ""}
        elif kind == "refused":
            cells |= {"Account": "acc_999999"}
        elif kind == "rejected":
            cells |= self._dice.choice(({"Status": "Whatever"}, {"Title": ""}, {"Owner": "gone@night.example"}))
        elif kind == "keyless":
            cells |= {"Id": ""}
        row = Row(cells["Id"], kind, cells)
        self._say(row)
        return row

    def _say(self, row: Row) -> None:
        row.contents.append(self._content(row))
        row.titles.add(row.cells["Title"])

    def _content(self, row: Row) -> dict[str, Any] | None:
        if row.kind in {"rejected", "keyless", "refused"}:
            return None
        cells = row.cells
        paragraphs = (cells["Notes"] if self._wide else "", f"Source: night {row.key}" if self._stamp else "")
        return {
            "$title": cells["Title"],
            "$status": _STATUSES[cells["Status"]],
            "$dueAt": cells["Due"].replace(" ", "T") + ".000Z" if self._wide else None,
            "$description": "\n\n".join(part for part in paragraphs if part) or None,
            "$assignedTo": [self._members[cells["Owner"]]],
            "$account": [cells["Account"]] if cells["Account"] else [],
        }
