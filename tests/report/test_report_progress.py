"""Does progress tell how far, how fast and how long, on a terminal and in a log?"""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from etl.report.progress import Progress, Standing
from etl.report.voice import Voice
from etl.report.wording import duration_text


@pytest.fixture
def load(make):
    """Runs a load of ten rows a second for some seconds, and returns what was shown."""

    def run(*, seconds, total=1000, mode="text", terminal=False, each_second=10):
        stream, clock = io.StringIO(), [100.0]
        console = Console(file=stream, force_terminal=terminal, width=80, _environ={"TERM": "xterm"})
        voice = Voice(console, mode=mode, now=lambda: make.noon)
        with Progress(voice, total=total, elapsed_seconds=lambda: clock[0], every_seconds=15) as progress:
            for second in range(1, seconds + 1):
                clock[0] = 100.0 + second
                progress.show(Standing(done=second * each_second, retries=second, failures=2, in_flight=5))
        return stream.getvalue()

    return run


def test_without_a_terminal_there_is_a_plain_line_now_and_then(load):
    assert load(seconds=40).splitlines() == [
        "150/1,000 · 10.0/s · 1 min 25 s left · 15 retries · 2 failed · 5 in flight",
        "300/1,000 · 10.0/s · 1 min 10 s left · 30 retries · 2 failed · 5 in flight",
    ]


def test_without_a_total_there_is_no_time_left(load):
    assert load(seconds=15, total=None) == "150 · 10.0/s · 15 retries · 2 failed · 5 in flight\n"


def test_before_anything_is_done_there_is_no_time_left(load):
    assert load(seconds=15, each_second=0) == "0/1,000 · 0.0/s · 15 retries · 2 failed · 5 in flight\n"


def test_a_terminal_has_a_bar_that_fits_into_eighty_columns(load):
    shown = load(seconds=3, terminal=True)
    assert "30/1,000 · 10.0/s · 1 min 37 s left · 3 retries · 2 failed · 5 in flight" in shown
    assert "━" in shown
    assert shown.endswith("\x1b[?25h"), "the cursor comes back"


def test_of_nothing_to_send_no_bar_is_drawn(load):
    assert load(seconds=0, total=0, terminal=True) == ""


def test_a_dumb_terminal_gets_plain_lines(make):
    stream = io.StringIO()
    voice = Voice(Console(file=stream, force_terminal=True, _environ={"TERM": "dumb"}), mode="text", now=lambda: make.noon)
    assert not voice.is_live


def test_quiet_says_nothing(load):
    assert load(seconds=60, mode="quiet", terminal=True) == ""


def test_json_lines_hold_the_figures(load):
    (line,) = [json.loads(line) for line in load(seconds=15, mode="json", terminal=True).splitlines()]
    figures = {"done": 150, "total": 1000, "rows_per_second": 10.0, "eta_seconds": 85, "retries": 15, "failures": 2, "in_flight": 5}
    assert line["event"] == "progress"
    assert {name: line[name] for name in figures} == figures


def test_the_rate_follows_the_last_half_minute(make):
    """An ETA that remembers the whole run would be wrong for long after the limit has changed."""
    stream, clock = io.StringIO(), [0.0]
    voice = Voice(Console(file=stream, _environ={}), mode="text", now=lambda: make.noon)
    done = 0
    with Progress(voice, total=100_000, elapsed_seconds=lambda: clock[0], every_seconds=10) as progress:
        for second in range(1, 121):
            clock[0] = float(second)
            done += 100 if second <= 60 else 10
            progress.show(Standing(done=done))
    assert "· 100.0/s ·" in stream.getvalue().splitlines()[5]
    assert "· 10.0/s ·" in stream.getvalue().splitlines()[-1]


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"), (7620, "2 h 07 min")])
def test_durations_read_like_speech(seconds, text):
    assert duration_text(seconds) == text
