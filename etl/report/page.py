"""What does a person open to see what happened? ``report.html``: one file, no network, nothing in it runs but its own search."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence

from etl.records import AT_FAULT, NEEDS_A_PERSON, WROTE, Action, RowClass
from etl.report.attention import AttentionRow
from etl.report.counts import rows_for_a_person
from etl.report.folder import RunFolder
from etl.report.html import html_template
from etl.report.problems import ProblemKind
from etl.report.summary import DataSummary, Status, Summary
from etl.report.tally import CLASS_MEANINGS
from etl.report.wording import MEANINGS, load_text, rows_text, sentence, workspace_text

_SCRIPT = """
const search = document.getElementById("search");
if (search) {
  const rows = [...document.querySelectorAll("#rows tbody tr")].map((row) => [row, row.textContent.toLowerCase()]);
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\\s+/);
    for (const [row, text] of rows) row.hidden = !words.every((word) => text.includes(word));
  });
}
"""
"""Shows the rows that hold every word of the search."""

_TONES = {Status.FINISHED: "good", Status.FINISHED_WITH_FAILURES: "warn"}


def page_text(summary: Summary, *, kinds: Sequence[ProblemKind], attention: Sequence[AttentionRow]) -> str:
    """The page as HTML.

    Args:
        summary: What happened.
        kinds: Problems by kind, the most frequent first.
        attention: The first rows that need a person.
    """
    return html_template("page.html.j2").render(
        summary=summary,
        sentence=sentence(summary),
        tone=_TONES.get(summary.status, "bad"),
        load=load_text(summary) if summary.load.requests else "",
        rows=rows_text(summary.rows),
        counts=_counts(summary),
        kinds=kinds,
        attention=attention,
        attention_total=rows_for_a_person(summary.counts),
        settings=_settings(summary),
        script=_SCRIPT,
        script_digest=_script_digest(),
    )


def write_page(folder: RunFolder, summary: Summary, *, kinds: Sequence[ProblemKind], attention: Sequence[AttentionRow]) -> None:
    """Writes ``report.html`` in one step; an older one is replaced.

    Raises:
        LocalFailureError: The folder vanished or the disk is full.
    """
    text = page_text(summary, kinds=kinds, attention=attention)
    folder.write_atomically(folder.page, text.encode())


def _script_digest() -> str:
    """By it, the content policy lets this script run, and no other that a cell might smuggle in."""
    return "sha256-" + base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()


def _counts(summary: Summary) -> list[tuple[str, int, str, str]]:
    if summary.classes is not None:
        return class_counts(summary.classes)
    return [(action.value, rows, MEANINGS[action], _tone(action)) for action, rows in summary.counts.items() if rows]


def class_counts(classes: Mapping[RowClass, int]) -> list[tuple[str, int, str, str]]:
    """Word, rows, meaning and tone of each class that there is."""
    return [(each.value, rows, CLASS_MEANINGS[each], "bad" if each in AT_FAULT else "") for each, rows in classes.items() if rows]


def _tone(action: Action) -> str:
    if action in NEEDS_A_PERSON:
        return "bad"
    return "good" if action in WROTE else ""


def _settings(summary: Summary) -> list[tuple[str, str]]:
    """Label and value of what is known."""
    workspace, versions = summary.workspace, summary.versions
    settings: list[tuple[str, str | None]] = [
        ("config", None if summary.config is None else f"{summary.config.path} (sha256 {summary.config.sha256})"),
        *(("data", _data_text(file)) for file in summary.data),
        ("workspace", None if workspace is None else workspace_text(workspace)),
        ("ledger", summary.ledger),
        ("run by", f"{summary.user} on {summary.host}"),
        ("exit code", f"{summary.exit_code} ({summary.status.value})"),
        (
            "versions",
            f"lightfield-etl {versions.lightfield_etl}, Python {versions.python}, polars {versions.polars}, httpx {versions.httpx}"
            + (f", SQLite {versions.sqlite}" if versions.sqlite else ""),
        ),
    ]
    return [(label, value) for label, value in settings if value]


def _data_text(file: DataSummary) -> str:
    rows = "" if file.rows is None else f"{rows_text(file.rows)}, "
    form = "".join(f"{part}, " for part in (file.encoding, file.delimiter and f"delimiter {file.delimiter!r}") if part)
    notes = "".join(f"; {note}" for note in file.notes)
    return f"{file.path}: {rows}{form}{file.bytes:,} bytes, sha256 {file.sha256}{notes}"
