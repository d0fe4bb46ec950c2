"""Which figures, settings and files of a run does the page name, and in which words?"""

from __future__ import annotations

from collections.abc import Mapping

from etl.report.summary import DataSummary, Status, Summary
from etl.report.wording import rows_text, what_next, workspace_text

_FILE_MEANINGS: Mapping[str, str] = {
    "receipt.html": "what was verified, to be printed",
    "verify.csv": "the rows that are not as their tasks are",
    "receipt.json": "the same for machines",
    "failures.csv": "the rows that need a person, with your own columns: mend them, and give this file to the same command",
    "results.csv": "every row and what became of it",
    "summary.json": "the figures of this page for machines",
}

_VERDICTS: Mapping[Status, str] = {
    Status.FINISHED: "Done",
    Status.FINISHED_WITH_FAILURES: "Needs a person",
    Status.NOTHING_WRITTEN: "Nothing written",
    Status.STOPPED: "Stopped",
    Status.LOCKED: "Not started",
    Status.INTERRUPTED: "Interrupted",
}
_TONES: Mapping[Status, str] = {Status.FINISHED: "good", Status.FINISHED_WITH_FAILURES: "warn"}


def verdict(summary: Summary) -> tuple[str, str]:
    """How it ended in a few words, and the tone: ``good``, ``warn`` or ``bad``."""
    return _VERDICTS[summary.status], _TONES.get(summary.status, "bad")


def next_step(summary: Summary) -> tuple[str, str]:
    """What to do next: a sentence, and a command or further words; both empty where there is nothing to do."""
    if summary.next_command:
        return "", summary.next_command
    return what_next(summary), ""


def load_tiles(summary: Summary) -> list[tuple[str, str, str]]:
    """Label, figure and remark of what is known of the writes; empty where nothing was sent."""
    load = summary.load
    if not load.requests:
        return []
    limit = "" if load.limit_per_second is None else f"the limit is {load.limit_per_second:,g}"
    share = limit if load.share_of_limit is None else f"{load.share_of_limit:.1%} of the limit of {load.limit_per_second or 0:,g}"
    tiles = [
        ("requests sent", f"{load.requests:,}", ""),
        ("repeated", f"{load.retries:,}", "each with its own key: none is done twice" if load.retries else ""),
        ("answers 429", f"{load.throttled_429:,}", "too many requests: paused, then repeated" if load.throttled_429 else ""),
    ]
    if load.rows_per_second is not None:
        tiles.insert(0, ("rows a second", f"{load.rows_per_second:,.1f}", share))
    if load.latency_p50_ms is not None:
        tiles.append(("ms to an answer", f"{load.latency_p50_ms:,.0f}", "median of the last 64"))
    if load.in_doubt_settled:
        tiles.append(("settled", f"{load.in_doubt_settled:,}", "writes of earlier runs that were in doubt"))
    return tiles


def settings(summary: Summary, typed: str | None) -> list[tuple[str, str]]:
    """Label and value of what is known.

    Args:
        summary: What happened.
        typed: The command as it was typed.
    """
    workspace, versions = summary.workspace, summary.versions
    told: list[tuple[str, str | None]] = [
        ("command", typed),
        ("config", None if summary.config is None else f"{summary.config.path} (sha256 {summary.config.sha256})"),
        *(("data", _data_text(file)) for file in summary.data),
        ("workspace", None if workspace is None else workspace_text(workspace)),
        ("ledger", summary.ledger),
        ("started", f"{summary.started_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("finished", f"{summary.finished_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("run by", f"{summary.user} on {summary.host}"),
        ("exit code", f"{summary.exit_code} ({summary.status.value})"),
        (
            "versions",
            f"lightfield-etl {versions.lightfield_etl}, Python {versions.python}, polars {versions.polars}, httpx {versions.httpx}"
            + (f", SQLite {versions.sqlite}" if versions.sqlite else ""),
        ),
    ]
    return [(label, value) for label, value in told if value]


def files(summary: Summary) -> list[tuple[str, str]]:
    """Name and meaning of what lies beside the page; ``summary.json`` is written after it."""
    return [(name, _FILE_MEANINGS.get(name, "")) for name in dict.fromkeys((*summary.files, "summary.json")) if name != "report.html"]


def _data_text(file: DataSummary) -> str:
    rows = "" if file.rows is None else f"{rows_text(file.rows)}, "
    form = "".join(f"{part}, " for part in (file.encoding, file.delimiter and f"delimiter {file.delimiter!r}") if part)
    notes = "".join(f"; {note}" for note in file.notes)
    return f"{file.path}: {rows}{form}{file.bytes:,} bytes, sha256 {file.sha256}{notes}"
