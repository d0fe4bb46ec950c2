"""Do people see what they need before the first write, after a check, and at the end?"""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from etl.records import Action, Totals
from etl.report.problems import ProblemExample, ProblemKind
from etl.report.screen import PlanView, show_check, show_closing, show_plan
from etl.report.summary import LoadSummary, WorkspaceSummary, write_summary
from etl.report.voice import Voice

HOSTILE = "[red]x[/red] \x1b[2J\r:smile:"
WORKSPACE = WorkspaceSummary(
    members=31, domains=("acme.com", "x.io", "y.io", "z.io"), key_last_four="9f3a", origin="https://api.lightfield.app"
)
PLAN = PlanView("hubspot-tasks", Totals(8123, {"created": 8000, "rejected": 20, "changed": 103, "updated": 0}), 25, 320, WORKSPACE)


@pytest.fixture
def screen(make):
    """A voice, and what it has shown so far."""

    def voice(mode="text", *, terminal=False, width=80):
        stream = io.StringIO()
        console = Console(file=stream, force_terminal=terminal, width=width, markup=True, _environ={"TERM": "xterm"})
        return Voice(console, mode=mode, now=lambda: make.noon), stream

    return voice


def test_the_plan_names_rows_workspace_and_minutes(screen):
    voice, stream = screen()
    show_plan(voice, PLAN)
    assert stream.getvalue() == (
        "8,123 rows of hubspot-tasks\n"
        "to https://api.lightfield.app: 31 members (acme.com, x.io, y.io and 1 more), key ending in 9f3a\n"
        "  8,000  to create\n"
        "     20  rejected   refused before sending: mend the row or the config\n"
        "    103  changed    already there, would now look different; left as it is\n"
        "about 5 min 20 s at 25 writes a second\n"
    )


def test_the_plan_offline_says_what_is_known(screen):
    voice, stream = screen()
    show_plan(voice, PlanView("n", Totals(1, {"created": 1}), None, None))
    assert stream.getvalue() == "1 row of n\n  1  to create\n"


def test_the_plan_for_machines_is_one_line(screen):
    voice, stream = screen("json")
    show_plan(voice, PLAN)
    told = json.loads(stream.getvalue())
    assert (told["event"], told["rows"], told["by_action"]["created"], told["seconds"]) == ("plan", 8123, 8000, 320)
    assert told["workspace"]["key_last_four"] == "9f3a"


def test_a_check_lists_problems_with_counts_rows_and_distinct_values(screen):
    voice, stream = screen()
    examples = tuple(ProblemExample(row, "a.csv", "sam@old.com", "sam@old.com is no member: give unknown:") for row in (2, 5, 9))
    values = tuple((f"p{number}@old.com", 400 - number) for number in range(12))
    kinds = (ProblemKind("unknown_value", "$assignedTo", 1204, examples, values, 44), ProblemKind("missing_key", None, 1))
    show_check(voice, kinds, PLAN, unchecked=7)
    shown = stream.getvalue()
    assert shown.startswith(
        "1,204 rows · unknown_value · $assignedTo\n"
        "  sam@old.com is no member: give unknown:\n"
        "  rows 2, 5, 9, …\n"
        "  400  p0@old.com\n"
        "  399  p1@old.com\n"
    )
    assert "  and 34 more values\n\n1 row · missing_key\n" in shown
    assert "8,123 rows of hubspot-tasks\n" in shown
    assert shown.endswith("7 look-ups unchecked: nobody was asked (--offline)\n")


def test_a_check_without_problems_says_so(screen):
    voice, stream = screen()
    show_check(voice, (), PLAN)
    assert stream.getvalue().endswith("no problems found\n")


@pytest.mark.parametrize("terminal", [True, False])
def test_cells_never_act_on_the_screen(screen, make, folder, terminal):
    voice, stream = screen(terminal=terminal, width=200)
    kind = ProblemKind(HOSTILE, HOSTILE, 3, (ProblemExample(2, HOSTILE, HOSTILE, HOSTILE),), ((HOSTILE, 3),), 1)
    show_check(voice, (kind,), PlanView(HOSTILE, Totals(1, {HOSTILE: 1}), 1, 1, WORKSPACE.model_copy(update={"domains": (HOSTILE,)})))
    show_closing(voice, make.summary(3, message=HOSTILE, name=HOSTILE, next_command=HOSTILE), folder)
    shown = stream.getvalue()
    assert "\x1b[2J" not in shown
    assert "\r" not in shown
    assert shown.count("[red]x[/red] ␛[2J␍:smile:") == 9


def test_the_closing_counts_tells_where_reports_are_and_ends_with_what_to_do(screen, make, folder):
    voice, stream = screen()
    load = LoadSummary(requests=8100, retries=100, rows_per_second=24.9, share_of_limit=0.996)
    summary = make.summary(
        1, counts={Action.CREATED: 8000, Action.REJECTED: 1}, load=load, next_command="lightfield-etl run a.yaml failures.csv"
    )
    write_summary(folder, summary)
    show_closing(voice, summary, folder)
    assert stream.getvalue() == (
        "finished: 8,001 rows in 5 min 00 s; 1 row needs a person\n"
        "  8,000  created   new tasks\n"
        "      1  rejected  refused before sending: mend the row or the config\n"
        "8,100 requests · 100 retries · 0 times throttled · 24.9 rows/s · 99.6% of the limit\n"
        f"summary.json  {folder.summary}\n"
        "next: lightfield-etl run a.yaml failures.csv\n"
    )


@pytest.mark.parametrize("mode", ["text", "quiet", "json"])
def test_a_run_that_stopped_ends_with_what_to_do_in_every_mode(screen, make, folder, mode):
    voice, stream = screen(mode)
    show_closing(voice, make.summary(3, message="Lightfield does not answer", next_command="run the same command again"), folder)
    assert "run the same command again" in stream.getvalue().splitlines()[-1]


def test_a_quiet_run_that_finished_says_nothing(screen, make, folder):
    voice, stream = screen("quiet")
    show_closing(voice, make.summary(0, next_command="lightfield-etl verify a.yaml"), folder)
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    ("exit_code", "said"),
    [
        (0, "finished: 0 rows in 5 min 00 s, nothing left to do"),
        (2, "nothing was written: the key is empty"),
        (3, "stopped before the first row, after 5 min 00 s: the key is empty"),
        (4, "not started: the key is empty"),
        (130, "interrupted before the first row, after 5 min 00 s"),
    ],
)
def test_the_first_sentence_says_how_it_ended(screen, make, folder, exit_code, said):
    voice, stream = screen()
    show_closing(voice, make.summary(exit_code, message="the key is empty"), folder)
    assert stream.getvalue().splitlines()[0] == said
