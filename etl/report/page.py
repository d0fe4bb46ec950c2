"""What does a person open to see what happened? ``report.html``: one file, no network, nothing in it runs but its own two scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etl.config.model import ReadConfig
from etl.config.shown import merged_text
from etl.records import LoadCourse
from etl.report.attention import AttentionRow
from etl.report.bar import WIDTH, action_parts, class_parts
from etl.report.causes import causes, remarked
from etl.report.counts import rows_for_a_person
from etl.report.embedded import json_for_html, page_script, page_style, plot_licence, plot_script, plot_style, policy
from etl.report.folder import RunFolder
from etl.report.html import html_template
from etl.report.page_facts import files, load_tiles, next_step, settings, verdict
from etl.report.plots import plot_data, plots
from etl.report.problems import ProblemKind
from etl.report.shown import harmless, shortened
from etl.report.summary import Summary
from etl.report.wording import CHECK, PLANNED, rows_text, sentence

_BRIEF_CHARACTERS = 200
_MESSAGE_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class PageDetails:
    """What the page tells beside the summary.

    Attributes:
        kinds: Problems by kind, the most frequent first.
        attention: The first rows that need a person.
        course: How the writes went over time; None where nothing was sent.
        config: Told with all that it extends; None leaves it out.
        typed: The command as it was typed, without secrets.
    """

    kinds: Sequence[ProblemKind] = ()
    attention: Sequence[AttentionRow] = ()
    course: LoadCourse | None = None
    config: ReadConfig | None = None
    typed: str | None = None


def page_text(summary: Summary, details: PageDetails) -> str:
    """The page as HTML."""
    drawn = plots(details.course)
    style = page_style() + (plot_style() if drawn else "")
    scripts = [plot_script(), page_script()] if drawn else [page_script()]
    counts, failing = summary.counts, rows_for_a_person(summary.counts)
    said, tone = verdict(summary)
    next_words, next_command = next_step(summary)
    return html_template("page.html.j2").render(
        summary=summary,
        policy=policy(scripts, style),
        style=style,
        scripts=scripts,
        licence=plot_licence() if drawn else "",
        verdict=said,
        tone=tone,
        sentence=sentence(summary),
        next_words=next_words,
        next_command=next_command,
        rows=rows_text(sum(summary.classes.values()) if summary.classes else summary.rows),
        planned=summary.command == CHECK,
        parts=class_parts(summary.classes) if summary.classes else action_parts(counts, PLANNED if summary.command == CHECK else {}),
        bar_width=WIDTH,
        tiles=load_tiles(summary),
        plots=drawn,
        sections=_sections(summary, details),
        causes=causes(details.kinds, failing),
        remarks=remarked(summary.remarks),
        attention_shown=len(details.attention),
        attention_total=failing,
        mendable="failures.csv" in summary.files,
        files=files(summary),
        settings=settings(summary, details.typed),
        config=None if details.config is None else harmless(merged_text(details.config), keep_newlines=True),
        data=json_for_html(_data(details, draw=bool(drawn))),
    )


def write_page(folder: RunFolder, summary: Summary, details: PageDetails) -> None:
    """Writes ``report.html`` in one step; an older one is replaced.

    Raises:
        LocalFailureError: The folder vanished or the disk is full.
    """
    folder.write_atomically(folder.page, page_text(summary, details).encode())


def _sections(summary: Summary, details: PageDetails) -> list[tuple[str, str]]:
    """Anchor and title of what there is to jump to."""
    sections = [
        ("causes", "Causes", details.kinds),
        ("load", "Writes", summary.load.requests),
        ("remarks", "Remarks", summary.remarks),
        ("attention", "Rows that need a person", details.attention),
        ("files", "Files", True),
        ("settings", "Settings", True),
    ]
    return [(name, title) for name, title, there in sections if there]


def _data(details: PageDetails, *, draw: bool) -> dict[str, object]:
    """What the script reads: rows as lists in the order of the table's columns, the address last."""
    course = details.course if draw else None
    return {"rows": [_cells(row) for row in details.attention], "course": None if course is None else plot_data(course)}


def _cells(row: AttentionRow) -> list[object]:
    brief = [shortened(text, _BRIEF_CHARACTERS) for text in (row.file, row.source_key, row.action, row.code, row.field)]
    message = harmless(row.message[:_MESSAGE_CHARACTERS], keep_newlines=True)
    return [row.row, *brief, message, row.url if row.url.startswith("https://") else ""]
