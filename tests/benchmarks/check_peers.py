"""What is one held against who checks a HubSpot export with something else? ``python check_peers.py NAME FILE`` (see ``check.py``).

The loops map the same columns to the same fields as the preset does: statuses by their words, the first company, dates in the same formats
and zone, and HTML as markdown by the same library. dlt extracts the rows and normalizes them, and maps nothing.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
STATUSES = {
    "not started": "TODO",
    "deferred": "TODO",
    "": "TODO",
    "in progress": "IN_PROGRESS",
    "waiting": "IN_PROGRESS",
    "completed": "COMPLETE",
}
FORMATS = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M")
NOTHING = ("", "--")
FIVE_PM = 17


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """The file's rows."""
    with path.open(newline="", encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


def status_of(word: str) -> str:
    """One of Lightfield's."""
    return STATUSES[word.strip().lower().replace("_", " ")]


def instant_of(text: str) -> datetime | None:
    """What the preset's formats make of it."""
    if text in NOTHING:
        return None
    for pattern in FORMATS:
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=ZONE).astimezone(UTC)
        except ValueError:
            continue
    if text.isdigit():
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    read = datetime.fromisoformat(text)
    if len(text) == len("2026-01-31"):
        read = read.replace(hour=FIVE_PM)
    return (read if read.tzinfo else read.replace(tzinfo=ZONE)).astimezone(UTC)


def first_of(text: str) -> str | None:
    """The first of several names."""
    return text.partition(";")[0].strip() or None


def with_pydantic(path: Path, *, html: bool) -> int:
    """The loop that one writes oneself; returns the number of good rows."""
    from markdownify import markdownify
    from pydantic import BaseModel, ConfigDict, Field, ValidationError

    class Task(BaseModel):
        model_config = ConfigDict(str_strip_whitespace=True)
        key: str = Field(min_length=1)
        title: str = Field(min_length=1)
        status: str
        description: str | None
        due_at: datetime | None
        assigned_to: str
        account: str | None
        opportunity: str | None

    good = 0
    for row in rows_of(path):
        body = row["Task body"]
        try:
            Task(
                key=row["Record ID"],
                title=row["Task title"],
                status=status_of(row["Task status"]),
                description=(markdownify(body) if html and "</" in body else body) or None,
                due_at=instant_of(row["Due date"]),
                assigned_to=row["Assigned to"].lower(),
                account=first_of(row["Associated Company"]),
                opportunity=first_of(row["Associated Deal"]),
            )
        except (ValidationError, ValueError, KeyError):
            continue
        good += 1
    return good


def with_dlt(path: Path) -> int:
    """What dlt does before it loads; returns the number of rows that it normalized."""
    import dlt

    pipeline = dlt.pipeline("check", destination="dummy", pipelines_dir=str(path.parent / "dlt"), dev_mode=True)
    pipeline.extract(rows_of(path), table_name="tasks", primary_key="Record ID")
    return int(pipeline.normalize().row_counts["tasks"])


CONTESTANTS: dict[str, Callable[[Path], int]] = {
    "pydantic": partial(with_pydantic, html=True),
    "pydantic-raw": partial(with_pydantic, html=False),
    "dlt": with_dlt,
}

if __name__ == "__main__":
    sys.stdout.write(f"{CONTESTANTS[sys.argv[1]](Path(sys.argv[2]).resolve())}\n")
