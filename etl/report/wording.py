"""In which words are a run's figures told to a person?"""

from __future__ import annotations

from collections.abc import Mapping

from etl.records import Action
from etl.report.counts import rows_for_a_person
from etl.report.shown import harmless
from etl.report.summary import Status, Summary, WorkspaceSummary
from etl.report.tally import tally_sentence

_DOMAINS = 3
_FAILURES = "failures.csv"
_WITHOUT_CELLS = {
    "retry": "its message says why; the same command sends again what may be",
    "undo": "its message says why the task was left as it is",
}
"""Commands that work from the ledger: without the source's cells there is nothing to mend in a failures.csv."""

CHECK = "check"
"""The command whose counts are what a run would do; it sends nothing."""

MEANINGS: Mapping[str, str] = {
    Action.CREATED: "new tasks",
    Action.UPDATED: "tasks changed",
    Action.ADOPTED: "found in Lightfield, written by an earlier attempt",
    Action.TRASHED: "tasks moved to the trash",
    Action.UNCHANGED: "already there, nothing to do",
    Action.CHANGED: "already there, would now look different; left as it is",
    Action.DUPLICATE: "the same row again in this input",
    Action.EXCLUDED: "left out by source.exclude",
    Action.REJECTED: "refused before sending: mend the row or the config",
    Action.FAILED: "refused by Lightfield, or never got there",
    Action.UNCERTAIN: "may or may not be in Lightfield",
    Action.CONFLICT: "changed on both sides",
    Action.NOT_SENT: "not reached: run the same command again",
}
"""What each action means to a person, in a few words."""

PLANNED: Mapping[str, str] = {
    Action.CREATED: "to create",
    Action.UPDATED: "to update",
    Action.ADOPTED: "to adopt",
    Action.TRASHED: "to move to the trash",
    Action.NOT_SENT: "left for a later run",
    Action.UNCERTAIN: "in doubt, settled first",
}
"""What an action is called while it is still to come."""


def sentence(summary: Summary) -> str:
    """What happened, in one sentence, safe to be shown; several faults stand on lines of their own."""
    took = f"{rows_text(summary.rows)} in {duration_text(summary.duration_seconds)}"
    rows_reached = summary.rows - summary.counts.get(Action.NOT_SENT, 0)
    reached = f"{rows_text(rows_reached)} in {duration_text(summary.duration_seconds)}"
    done, end = ("checked", ", nothing in the way") if summary.command == CHECK else ("finished", ", nothing left to do")
    finished = f"{done}: {took}" if summary.classes is None else f"verified: {tally_sentence(summary.classes)}"
    stopped = f"part-way after {reached}" if rows_reached else f"before the first row, after {duration_text(summary.duration_seconds)}"
    told = {
        Status.FINISHED: finished if summary.classes is not None or summary.next_command else finished + end,
        Status.FINISHED_WITH_FAILURES: f"{finished}; {_trouble(summary) if summary.classes is None else summary.message}",
        Status.NOTHING_WRITTEN: f"nothing was written: {summary.message or summary.reason}",
        Status.STOPPED: f"stopped {stopped}: {summary.message or summary.reason}",
        Status.LOCKED: f"not started: {summary.message or 'another run of this import is at work'}",
        Status.INTERRUPTED: f"interrupted {stopped.removeprefix('part-way ')}",
    }
    return harmless(told[summary.status], keep_newlines=True)


def _trouble(summary: Summary) -> str:
    people = rows_for_a_person(summary.counts)
    told = [f"{rows_text(people)} need{'s' if people == 1 else ''} a person"] if people or not summary.message else []
    return "; ".join([*told, *filter(None, [summary.message])])


def what_next(summary: Summary) -> str:
    """What a person does about the rows that need one, in a sentence; empty where none does, or where the job has said it."""
    people = rows_for_a_person(summary.counts)
    if summary.next_command or not people:
        return ""
    what = "the row" if people == 1 else f"the {rows_text(people)}"
    if summary.command == CHECK:
        return f"mend {what} in the source, or mend the config, and check again; a run would send the rest"
    if _FAILURES in summary.files:
        return f"mend {what} in a copy of {_FAILURES} and run that with the same config, or mend the config and run the same command again"
    return f"look at {what} in results.csv: {_WITHOUT_CELLS[summary.command]}" if summary.command in _WITHOUT_CELLS else ""


def load_text(summary: Summary) -> str:
    """How the writes went, in figures."""
    load = summary.load
    parts = [f"{load.requests:,} requests", f"{load.retries:,} retries", f"{load.throttled_429:,} times throttled"]
    if load.rows_per_second is not None:
        parts.append(f"{load.rows_per_second:,.1f} rows/s")
    if load.share_of_limit is not None:
        parts.append(f"{load.share_of_limit:.1%} of the limit")
    return " · ".join(parts)


def rows_text(number: int) -> str:
    """``1 row``, ``2,310 rows``."""
    return f"{number:,} row" if number == 1 else f"{number:,} rows"


def duration_text(seconds: float) -> str:
    """``12 s``, ``3 min 05 s``, ``2 h 07 min``."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes_of_hour = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_of_hour:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def workspace_text(workspace: WorkspaceSummary) -> str:
    """Where it goes: origin, members, their mail domains, the key's last four characters."""
    members = "members unknown" if workspace.members is None else f"{workspace.members:,} member{'' if workspace.members == 1 else 's'}"
    domains = ", ".join(workspace.domains[:_DOMAINS])
    more = len(workspace.domains) - _DOMAINS
    if more > 0:
        domains += f" and {more} more"
    of_domains = f" ({domains})" if domains else ""
    return harmless(f"{workspace.origin}: {members}{of_domains}, key ending in {workspace.key_last_four}")
