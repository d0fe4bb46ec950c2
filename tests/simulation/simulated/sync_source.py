"""The source of a sync: rows are edited, put back, vanish and return; what does each of them say now?"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from simulated.source import MEMBERS

FIELDS = ("$title", "$status", "$description", "$dueAt", "$assignedTo")
"""What the auditor compares; ``$dueAt`` is not in the map: it is people's alone."""

COLUMNS = ("Id", "Title", "Status", "Notes", "Owner")
STATUSES = ("TODO", "IN_PROGRESS", "COMPLETE")
_NOTES = ("", "Call back", "Ring twice\nand write")
LETTERS = "abc"

CONFIG = """\
name: night
mode: sync
timezone: UTC
source: {path: rows.csv, key: Id}
sync: {on_missing: MISSING, max_missing: 100%, on_conflict: CONFLICT, recreate: RECREATE}
map:
  $title: Title
  $status: Status
  $description: Notes
  $assignedTo: {column: Owner, lookup: member.email}
limits: {timeout: TIMEOUT, attempts: ATTEMPTS}
"""


@dataclass(slots=True)
class Row:
    """One row: is it in the file, what does it say, and what did it say before."""

    key: str
    cells: dict[str, str]
    present: bool = True
    former: list[dict[str, str]] = field(default_factory=list)


class SyncSource:
    """The file.

    Args:
        dice: Decide what happens to it.
        count: Rows at the beginning.
        members: Id by e-mail.
    """

    def __init__(self, dice: Random, count: int, members: dict[str, str]) -> None:
        self._dice = dice
        self._members = members
        self.rows: dict[str, Row] = {}
        self.add(count)

    def add(self, count: int) -> None:
        """New rows."""
        for _ in range(count):
            key = str(1000 + len(self.rows))
            cells = {"Id": key, "Title": f"Row {key} a", "Status": "TODO", "Notes": self._dice.choice(_NOTES), "Owner": MEMBERS[0]}
            self.rows[key] = Row(key, cells)

    def edit(self, share: float) -> None:
        """Some rows say something else, in one field or two."""
        for row in self._some(share, present=True):
            changed = dict(row.cells)
            for column in self._dice.sample(("Title", "Title", "Status", "Notes", "Owner"), self._dice.choice((1, 1, 2))):
                changed[column] = self._dice.choice([value for value in self._values(row.key, column) if value != row.cells[column]])
            row.former.append(row.cells)
            row.cells = changed

    def put_back(self, share: float) -> None:
        """Some rows say again what they said before."""
        for row in self._some(share, present=True):
            if row.former:
                before = row.former.pop()
                row.former.append(row.cells)
                row.cells = before

    def vanish(self, share: float) -> None:
        """Some rows go; never all of them."""
        for row in self._some(share, present=True)[: max(0, len(self.present()) - 1)]:
            row.present = False

    def come_back(self, share: float) -> None:
        """Some that had gone are there again."""
        for row in self._some(share, present=False):
            row.present = True

    def present(self) -> dict[str, dict[str, Any]]:
        """What each row of the file says, as its task would hold it."""
        return {key: self.content(row) for key, row in self.rows.items() if row.present}

    def content(self, row: Row) -> dict[str, Any]:
        """As a task would hold it."""
        cells = row.cells
        return {
            "$title": cells["Title"],
            "$status": cells["Status"],
            "$description": cells["Notes"] or None,
            "$assignedTo": (self._members[cells["Owner"]],),
        }

    def write(self, path: Path) -> None:
        """As the CRM would export it."""
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, COLUMNS)
            writer.writeheader()
            writer.writerows(row.cells for row in self.rows.values() if row.present)

    def _some(self, share: float, *, present: bool) -> list[Row]:
        return [row for row in self.rows.values() if row.present is present and self._dice.random() < share]

    def _values(self, key: str, column: str) -> list[str]:
        titles = [f"Row {key} {letter}" for letter in LETTERS]
        return list({"Title": titles, "Status": STATUSES, "Notes": _NOTES, "Owner": MEMBERS}[column])
