"""How is the history shown to people: all runs as a table, or one run with the rows that need a person?"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import IO, Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from etl.records import NEEDS_A_PERSON
from etl.report.past import NEVER_ENDED, UNDER_WAY, HeldBy, History, OneRun, PastImport, PastRun, PastWorkspace, WaitingRow
from etl.report.shown import harmless, shortened
from etl.report.voice import make_console
from etl.report.wording import MEANINGS, duration_text, rows_text

_UNCUT = 10_000
_WIDE = 120
_STARTED = "started (UTC)"
_DIGEST = 12
_MESSAGE = 200
_STATES: Mapping[str, str] = {"in_doubt": "in doubt", "uncertain": "uncertain", "failed": "failed"}
_STYLES: Mapping[str, str] = {
    "finished": "green",
    "finished_with_failures": "yellow",
    UNDER_WAY: "cyan",
}


def history_text(past: History | OneRun, stream: IO[str], environ: Mapping[str, str]) -> str:
    """The picture for people, as it is to be written to ``stream``.

    On a terminal it has colours and fits its width; else it is plain, each run or row on a line of its own, whatever its length.
    """
    is_terminal = stream.isatty()
    console = make_console(stream if is_terminal else io.StringIO(), environ)
    if not is_terminal:
        console.width = _UNCUT
    with console.capture() as capture:
        for part in _history(past, console.width) if isinstance(past, History) else _one_run(past):
            _print(console, part)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().split("\n")[:-1])


def _print(console: Console, part: RenderableType) -> None:
    # Soft wrap: a path or a command that is copied must not hold a line break of ours; a table has to fit the width.
    console.print(part, soft_wrap=isinstance(part, Text))


def _history(past: History, width: int) -> Iterable[RenderableType]:
    if not past.imports:
        yield Text(f"{harmless(past.ledger)} knows no import yet")
    for place, each in enumerate(past.imports):
        if place:
            yield Text()
        yield _title(each.name, each.workspace)
        if each.held_by is not None and UNDER_WAY not in {run.state for run in each.runs}:
            yield Text(f"  {_holding(each)} is preparing a run, and has not written yet", style="cyan")
        if each.runs:
            yield _runs_table(each, width)
        else:
            yield Text("  no run has written here yet")
        if each.older_runs:
            yield Text(f"  {each.older_runs:,} older: --limit {len(each.runs) + each.older_runs}", style="dim")


def _title(name: str, workspace: PastWorkspace) -> Text:
    return Text.assemble((harmless(name), "bold"), f" in {_workspace_text(workspace)}")


def _workspace_text(workspace: PastWorkspace) -> str:
    label, origin = harmless(workspace.label), harmless(workspace.origin)
    return origin if label == origin else f"{label} ({origin})"


def _holding(each: PastImport) -> str:
    held = each.held_by
    return "" if held is None else f"{harmless(held.holder)}, since {_utc(held.since)},"


def _runs_table(each: PastImport, width: int) -> Table:
    """What is empty in every line has no column; where there is little room, neither has the time, which each run's name begins with."""
    lines = [_run_cells(run, each.held_by) for run in each.runs]
    empty = {name for name in lines[0] if not any(line[name] for line in lines)}
    names = [name for name in lines[0] if name not in empty and (name != _STARTED or width >= _WIDE)]
    table = _table(*names, uncut=("run", "command", _STARTED, "took"))
    for run, line in zip(each.runs, lines, strict=True):
        styles = {"ended": _STYLES.get(run.state, "red"), "still waiting": "red"}
        table.add_row(*(Text(harmless(line[name]), style=styles.get(name, "")) for name in names))
    return table


def _run_cells(run: PastRun, held: HeldBy | None) -> dict[str, str]:
    by = f" by {held.holder}" if run.state == UNDER_WAY and held else ""
    return {
        "run": run.run_id,
        "command": run.command,
        _STARTED: f"{run.started_at:%Y-%m-%d %H:%M}",
        "took": _took(run),
        "ended": _ended(run) + by,
        "rows": _rows_text(run),
        "still waiting": _waiting_text(run),
    }


def _table(*titles: str, uncut: Collection[str]) -> Table:
    """On a narrow terminal the columns that are not ``uncut`` are wrapped."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for title in titles:
        table.add_column(title, overflow="fold", no_wrap=title in uncut)
    return table


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _took(run: PastRun) -> str:
    return "" if run.duration_seconds is None else duration_text(run.duration_seconds)


def _ended(run: PastRun) -> str:
    exit_code = "" if run.exit_code is None else f" (exit {run.exit_code})"
    return run.state.replace("_", " ") + exit_code


def _rows_text(run: PastRun) -> str:
    if run.counts is not None:
        return _counted(run.counts) or "none"
    until = "so far" if run.state == UNDER_WAY else "recorded, the rest is unknown"
    return f"{_counted(run.written or {}) or 'nothing'} {until}"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{rows:,} {harmless(action.replace('_', ' '))}" for action, rows in counts.items() if rows)


def _waiting_text(run: PastRun) -> str:
    names = {**_STATES, "in_doubt": "in flight"} if run.state == UNDER_WAY else _STATES
    return ", ".join(f"{rows:,} {names.get(state, state)}" for state, rows in run.waiting.items() if rows)


def _one_run(past: OneRun) -> Iterable[RenderableType]:
    run = past.run
    yield Text.assemble((harmless(run.run_id), "bold"), f"  {harmless(run.command)} of {harmless(past.name)}")
    facts = {"workspace": _workspace_text(past.workspace), "started": f"{_utc(run.started_at)} UTC", "ended": _end_text(past)}
    for name, told in {**facts, **_settings_texts(past.settings)}.items():
        yield Text.assemble((f"  {name:<9} ", "dim"), harmless(told))
    yield Text()
    yield from _count_lines(run)
    yield from _waiting(past)
    yield from _elsewhere(past)


def _end_text(past: OneRun) -> str:
    run = past.run
    if run.state == UNDER_WAY:
        return f"not yet: under way by {past.held_by.holder if past.held_by else 'its process'}"
    if run.state == NEVER_ENDED:
        return "never: its process died before it could say how many rows became what"
    return f"{_ended(run)} after {_took(run)}"


def _settings_texts(settings: Mapping[str, Any]) -> dict[str, str]:
    """The settings that are known, each on a line; of older runs some are not."""
    versions, options, data = settings.get("versions") or {}, settings.get("options") or {}, settings.get("data") or []
    extra = {"complete source": settings.get("complete"), "undoes": "undoes" in settings and (settings["undoes"] or "the whole import")}
    told = {
        "by": " on ".join(filter(None, [settings.get("user"), settings.get("host")])),
        "config": _with_digest(settings.get("config"), settings.get("config_sha256")),
        "data": ", ".join(_with_digest(file.get("path"), file.get("sha256")) for file in data),
        "rows": "" if settings.get("rows") is None else f"{settings['rows']:,} in the whole input",
        "options": ", ".join(_option(name, value) for name, value in {**options, **extra}.items() if value),
        "versions": ", ".join(f"{name.replace('_', '-')} {number}" for name, number in versions.items()),
    }
    return {name: text for name, text in told.items() if text}


def _with_digest(path: Any, digest: Any) -> str:
    return f"{path} (sha256 {str(digest)[:_DIGEST]}…)" if path and digest else str(path or "")


def _option(name: str, value: Any) -> str:
    told = name.replace("_", " ")
    return told if value is True else f"{told} {value}"


def _count_lines(run: PastRun) -> Iterable[Text]:
    if run.counts is None:
        yield Text(f"  {_rows_text(run)}", style="yellow")
        return
    shown = [(f"{rows:,}", action) for action, rows in run.counts.items() if rows]
    if not shown:
        yield Text("  no rows")
    width, longest = max((len(rows) for rows, _ in shown), default=0), max((len(action) for _, action in shown), default=0)
    for rows, action in shown:
        style = "red" if action in NEEDS_A_PERSON else ""
        yield Text.assemble(f"  {rows:>{width}}  ", (harmless(action).ljust(longest), style), f"  {MEANINGS.get(action, '')}".rstrip())


def _waiting(past: OneRun) -> Iterable[RenderableType]:
    if not past.rows:
        return
    run = past.run
    more = f"; the first {len(past.rows)}:" if len(past.rows) < run.rows_waiting else ":"
    yield Text()
    yield Text(f"{rows_text(run.rows_waiting)} of it still wait{'s' if run.rows_waiting == 1 else ''}: {_waiting_text(run)}{more}", "bold")
    table = _table("source key", "state", "operation", "code", "field", "http", "attempts", "message", uncut=("source key", "state"))
    for row in past.rows:
        table.add_row(*(Text(cell) for cell in _waiting_cells(row)))
    yield table


def _waiting_cells(row: WaitingRow) -> tuple[str, ...]:
    return (
        shortened(row.source_key, _MESSAGE),
        _STATES.get(row.state, row.state),
        row.operation,
        harmless(row.error_code or ""),
        harmless(row.error_field or ""),
        "" if row.http_status is None else str(row.http_status),
        str(row.attempts),
        shortened(row.error_message or "", _MESSAGE),
    )


def _elsewhere(past: OneRun) -> Iterable[Text]:
    """What the ledger does not hold: which rows were refused before sending, and what has become of the others since."""
    counts = past.run.counts or {}
    unheld = {action: counts.get(action, 0) for action in ("rejected", "conflict")}
    settled = counts.get("failed", 0) + counts.get("uncertain", 0) - past.run.rows_waiting
    if settled > 0:
        yield Text(f"{rows_text(settled)} that failed or {'was' if settled == 1 else 'were'} uncertain went on since, in a later run")
    if any(unheld.values()):
        where = f"they stand in {past.failures_csv}" if past.failures_csv else "failures.csv of that run is not there any more"
        yield Text(harmless(f"{_counted(unheld)}: the ledger does not hold such rows; {where}"))
