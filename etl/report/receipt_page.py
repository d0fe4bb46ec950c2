"""What can be printed and handed to whoever asked? ``receipt.html``: one file, no network, nothing in it runs."""

from __future__ import annotations

from collections.abc import Sequence

from etl.report.bar import class_counts
from etl.report.folder import RunFolder
from etl.report.html import html_template
from etl.report.receipt import Receipt, ReceiptRun
from etl.report.tally import faults_sentence, tasks_sentence
from etl.report.verified import VerifiedLine
from etl.report.wording import workspace_text

RUNS_SHOWN = 50


def receipt_text(receipt: Receipt, lines: Sequence[VerifiedLine], *, lines_total: int) -> str:
    """The page as HTML.

    Args:
        receipt: What was found.
        lines: The first lines of ``verify.csv``.
        lines_total: How many it has.
    """
    return html_template("receipt.html.j2").render(
        receipt=receipt,
        tasks=tasks_sentence(receipt.classes),
        faults=faults_sentence(receipt.classes),
        counts=class_counts(receipt.classes),
        facts=_facts(receipt),
        runs=[(run, _counts_text(run)) for run in receipt.runs[:RUNS_SHOWN]],
        lines=lines,
        lines_total=lines_total,
    )


def write_receipt_page(folder: RunFolder, receipt: Receipt, lines: Sequence[VerifiedLine], *, lines_total: int) -> None:
    """Writes ``receipt.html`` in one step.

    Raises:
        LocalFailureError: The folder vanished or the disk is full.
    """
    folder.write_atomically(folder.receipt_page, receipt_text(receipt, lines, lines_total=lines_total).encode("utf-8", "replace"))


def _facts(receipt: Receipt) -> list[tuple[str, str]]:
    """Label and value of what is known."""
    versions = receipt.versions
    others = receipt.tasks_of_other_rows
    facts: list[tuple[str, str | None]] = [
        ("import", receipt.name),
        ("workspace", workspace_text(receipt.workspace)),
        ("config", f"{receipt.config.path} (sha256 {receipt.config.sha256})"),
        ("only rows of run", receipt.of_run),
        ("verified", f"{_time(receipt.verified_at)}, as of {_time(receipt.as_of)}, run {receipt.run_id}"),
        ("first run", None if receipt.first_run_at is None else _time(receipt.first_run_at)),
        ("last run", None if receipt.last_run_at is None else _time(receipt.last_run_at)),
        ("further tasks", f"{others:,} of this import, whose rows are not in these files" if others else None),
        ("ledger", receipt.ledger),
        ("verified by", f"{receipt.user} on {receipt.host}"),
        (
            "versions",
            f"lightfield-etl {versions.lightfield_etl}, Python {versions.python}, polars {versions.polars}, httpx {versions.httpx}",
        ),
    ]
    return [(label, value) for label, value in facts if value]


def _time(moment: object) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _counts_text(run: ReceiptRun) -> str:
    return ", ".join(f"{rows:,} {action}" for action, rows in run.counts.items() if rows)
