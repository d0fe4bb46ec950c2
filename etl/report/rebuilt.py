"""How does what the ledger holds of a run's failures become a file for a spreadsheet?

It has what was sent, not the source's own columns, which no ledger holds. So its header is not that of a failures file, and ``run``
cannot take it for one: ``retry`` is what sends its rows again.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from etl.cells import protect, protect_text
from etl.errors import SettingsError
from etl.failures_format import KEY_MARK
from etl.report.folder import local_failures, open_private, write_all
from etl.report.lines import utc_text
from etl.report.past import WaitingRow

REBUILT_COLUMNS = (
    "_source_key",
    "_action",
    "_error_code",
    "_error_field",
    "_error_message",
    "_http_status",
    "_attempts",
    "_operation",
    "_task_id",
    "_first_sent_at",
)
"""Behind what was sent. Those that ``failures.csv`` has too mean the same; ``_action`` says ``in_doubt`` where no answer was recorded."""

_PRIVATE_FOLDER = 0o700


def write_rebuilt(path: Path, targets: Sequence[str], batches: Iterable[Sequence[WaitingRow]]) -> None:
    """Writes the file, readable by this user alone, in one step; one that is there is replaced.

    Args:
        path: Its folder is made where it is missing.
        targets: The fields that the rows hold: the first columns.
        batches: The rows, in the order of the file.

    Raises:
        SettingsError: The folder cannot be made or written.
        LocalFailureError: The disk is full.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        stream = open_private(part)
    except OSError as error:
        raise SettingsError(
            f"cannot write {path}: {error.strerror or error}", next_step="make the folder writable, or give another one with --out"
        ) from error
    with local_failures(path):
        with stream:
            write_all(stream, codecs.BOM_UTF8)
            header = [*map(protect_text, targets), *REBUILT_COLUMNS]
            write_all(stream, _csv(pl.DataFrame({str(place): [name] for place, name in enumerate(header)})))
            for rows in batches:
                write_all(stream, _csv(_frame(targets, rows)))
        part.replace(path)


def _csv(frame: pl.DataFrame) -> bytes:
    return frame.write_csv(include_header=False).encode()


def _frame(targets: Sequence[str], rows: Sequence[WaitingRow]) -> pl.DataFrame:
    """By place, because a target may be called like one of our columns."""
    columns = [[row.values.get(target) for row in rows] for target in targets]
    columns += [list(cells) for cells in zip(*map(_our_cells, rows), strict=True)]
    series = [pl.Series(str(place), cells, dtype=pl.String) for place, cells in enumerate(columns)]
    return pl.DataFrame(series).select(protect(pl.all()))


def _our_cells(row: WaitingRow) -> tuple[str | None, ...]:
    """As REBUILT_COLUMNS."""
    return (
        f"{KEY_MARK}{row.source_key}",
        row.state,
        row.error_code,
        row.error_field,
        row.error_message,
        None if row.http_status is None else str(row.http_status),
        str(row.attempts),
        row.operation,
        row.task_id,
        utc_text(row.first_sent_at),
    )
