"""What do people see before the first write, after a check, and at the end?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from etl.records import AT_FAULT, NEEDS_A_PERSON, WROTE, Action, Totals
from etl.report.folder import RunFolder
from etl.report.problems import ProblemKind
from etl.report.shown import harmless
from etl.report.summary import Status, Summary, WorkspaceSummary
from etl.report.tally import CLASS_MEANINGS
from etl.report.unknown import UnknownWord, UnknownWords, settled_lines, word_lines
from etl.report.voice import Voice
from etl.report.wording import CHECK, MEANINGS, PLANNED, duration_text, load_text, rows_text, sentence, workspace_text

_VALUES = 10
_HARMLESS_EXITS = {0, 1}


@dataclass(frozen=True, slots=True)
class PlanView:
    """What a run would do.

    Attributes:
        name: The import's.
        totals: Rows by what they would become.
        limit_per_second: The write limit; None when it is not known.
        seconds: How long the writes take at that limit; None when that is not known.
        workspace: Where it would go; None offline.
    """

    name: str
    totals: Totals
    limit_per_second: float | None
    seconds: float | None
    workspace: WorkspaceSummary | None = None

    def fields(self) -> dict[str, object]:
        """The same for machines."""
        workspace = None if self.workspace is None else self.workspace.model_dump(mode="json")
        return {
            "name": self.name,
            "rows": self.totals.rows,
            "by_action": dict(self.totals.by_action),
            "limit_per_second": self.limit_per_second,
            "seconds": self.seconds,
            "workspace": workspace,
        }


def show_plan(voice: Voice, plan: PlanView) -> None:
    """The summary before the first write."""
    voice.show("plan", lambda: _plan_picture(plan), **plan.fields())


def show_check(
    voice: Voice, kinds: Sequence[ProblemKind], plan: PlanView, *, unchecked: int = 0, unknown: Sequence[UnknownWords] = ()
) -> None:
    """What a check found, and what a run would do.

    Args:
        voice: Says it.
        kinds: Problems by kind.
        plan: What a run would do.
        unchecked: Look-ups that nobody was asked about (``--offline``).
        unknown: Words that stand for nothing in Lightfield.
    """
    fields = {
        "problems": [_kind_fields(kind) for kind in kinds],
        "unchecked": unchecked,
        "unknown": [words.fields() for words in unknown],
    }
    voice.show("check", lambda: _check_picture(kinds, plan, unchecked, unknown), **fields, **plan.fields())


def show_closing(voice: Voice, summary: Summary, folder: RunFolder, *, base: Path | None = None) -> None:
    """What became of the rows, where the report is, and what to do next.

    The next step is the last line; where the run did not finish it is said in quiet mode too.
    """
    voice.show("closing", lambda: _closing_picture(summary), summary=_without_cells(summary))
    if voice.mode == "quiet" and summary.exit_code:
        voice.say("warning" if summary.exit_code in _HARMLESS_EXITS else "error", "closing", sentence(summary))
    for path in folder.written():
        shown = path.relative_to(base) if base is not None and path.is_relative_to(base) else path
        voice.say("info", "file", f"{path.name:<14}{shown}", path=str(path))
    if summary.next_command and (voice.mode != "quiet" or summary.exit_code not in _HARMLESS_EXITS):
        voice.next_step(summary.next_command)


def _without_cells(summary: Summary) -> dict[str, object]:
    """The summary for a log, which others read: of a problem's examples the rows, not what is in them."""
    told = summary.to_dict()
    for part in ("problems", "remarks"):
        kinds = [
            {**kind.model_dump(mode="json", exclude={"examples"}), "example_rows": [each.row for each in kind.examples]}
            for kind in getattr(summary, part)
        ]
        told[part] = kinds
    return told


def _plan_picture(plan: PlanView) -> list[Text]:
    lines = [Text(f"{rows_text(plan.totals.rows)} of {harmless(plan.name)}", style="bold")]
    if plan.workspace is not None:
        lines.append(Text(f"to {workspace_text(plan.workspace)}"))
    # What is still to come has no action's name yet: "249 to create", not "249 created".
    planned = {PLANNED.get(action, action): rows for action, rows in plan.totals.by_action.items()}
    lines += _count_lines(planned, MEANINGS)
    if plan.seconds and plan.limit_per_second:
        lines.append(Text(f"about {duration_text(plan.seconds)} at {plan.limit_per_second:g} writes a second"))
    return lines


def _count_lines(counts: Mapping[Action, int] | Mapping[str, int], meanings: Mapping[str, str]) -> list[Text]:
    shown = [(f"{rows:,}", str(action), harmless(meanings.get(action, ""))) for action, rows in counts.items() if rows]
    number_width = max((len(number) for number, _, _ in shown), default=0)
    action_width = max((len(action) for _, action, _ in shown), default=0)
    return [
        Text.assemble(f"  {number:>{number_width}}  ", (harmless(action).ljust(action_width), _style(action)), f"  {meaning}".rstrip())
        for number, action, meaning in shown
    ]


def _style(action: str) -> str:
    if action in NEEDS_A_PERSON or action in AT_FAULT:
        return "red"
    if action in {Action.CHANGED, Action.NOT_SENT}:
        return "yellow"
    return "green" if action in WROTE else ""


def _check_picture(kinds: Sequence[ProblemKind], plan: PlanView, unchecked: int, unknown: Sequence[UnknownWords]) -> list[Text]:
    lines: list[Text] = []
    for kind in kinds:
        # Where the words were looked at by themselves they are told with what is near to them.
        told = next((words for words in unknown if (words.code, words.field, words.settled_by) == (kind.code, kind.field, None)), None)
        lines += [*_kind_lines(kind, told), Text()]
    for words in unknown:
        if words.settled_by is not None:
            lines += [*settled_lines(words), Text()]
    lines += _plan_picture(plan)
    if unchecked:
        lines.append(Text(f"{unchecked:,} look-up{'' if unchecked == 1 else 's'} unchecked: nobody was asked (--offline)", style="yellow"))
    if not kinds:
        lines.append(Text("no problems found", style="green"))
    return lines


def _kind_lines(kind: ProblemKind, told: UnknownWords | None) -> list[Text]:
    of_field = f" · {harmless(kind.field)}" if kind.field else ""
    lines = [Text(f"{rows_text(kind.rows)} · {harmless(kind.code)}{of_field}", style="bold red")]
    lines += [Text(f"  {harmless(example.message)}") for example in kind.examples[:1]]
    if numbers := [f"{example.row:,}" for example in kind.examples if example.row is not None]:
        more = ", …" if kind.rows > len(numbers) else ""
        lines.append(Text(f"  row{'s' if kind.rows > 1 else ''} {', '.join(numbers)}{more}", style="dim"))
    if told is not None:
        return lines + word_lines(told.words, told.distinct)
    return lines + word_lines([UnknownWord(value, rows) for value, rows in kind.values[:_VALUES]], kind.distinct_values)


def _kind_fields(kind: ProblemKind) -> dict[str, object]:
    return {
        "code": kind.code,
        "field": kind.field,
        "rows": kind.rows,
        "example_rows": [example.row for example in kind.examples],
        "message": kind.examples[0].message if kind.examples else None,
        "values": [{"value": value, "rows": rows} for value, rows in kind.values[:_VALUES]],
        "distinct_values": kind.distinct_values,
    }


def _closing_picture(summary: Summary) -> list[Text]:
    lines = [Text(sentence(summary), style=_STATUS_STYLES[summary.status])]
    if summary.classes is not None:
        lines += _count_lines({each.value: rows for each, rows in summary.classes.items()}, CLASS_MEANINGS)
    elif summary.command != CHECK:
        # A check has shown its counts as a plan.
        lines += _count_lines(summary.counts, MEANINGS)
    if summary.load.requests:
        lines.append(Text(load_text(summary)))
    return lines


_STATUS_STYLES = {
    Status.FINISHED: "bold green",
    Status.FINISHED_WITH_FAILURES: "bold yellow",
    Status.NOTHING_WRITTEN: "bold red",
    Status.STOPPED: "bold red",
    Status.LOCKED: "bold red",
    Status.INTERRUPTED: "bold red",
}
