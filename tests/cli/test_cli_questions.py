"""Who is asked something at a terminal can leave: Ctrl-C, SIGTERM and the end of the input are answers too."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time

import pytest


@pytest.fixture
def asked():
    """Types a command at a terminal, waits for a question, and returns the process, what was shown, and how to type on."""
    opened = []

    def start(*words, until):
        ours, theirs = pty.openpty()
        process = subprocess.Popen([sys.executable, "-m", "etl", *words], stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        opened.append((process, ours))
        _read(ours, until)
        return process, ours

    yield start
    for process, ours in opened:
        process.kill()
        process.wait()
        os.close(ours)


def _read(terminal, until):
    shown = b""
    while until.encode() not in shown:
        shown += os.read(terminal, 4096)
    return shown.decode()


def _send(process, number):
    """Again where it came in the moment between the question and the wait for its answer, which no person hits."""
    for _ in range(5):
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(5)
    return None


@pytest.mark.parametrize(("number", "code"), [pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow), (signal.SIGTERM, 143)])
def test_a_signal_at_the_question_of_an_undo_leaves_at_once_and_takes_nothing_back(desk, make_row, asked, number, code):
    desk.run([make_row(1)])
    process, terminal = asked("undo", "desk.yaml", until="to go on: ")
    assert _send(process, number) == code
    assert "next: run the same command again" in _read(terminal, "again")
    assert not any(task.trashed for task in desk.sandbox.tasks)


def test_the_end_of_the_input_at_the_question_of_a_first_run_sends_nothing(desk, make_row, asked):
    data = desk.csv([make_row(1)])
    process, terminal = asked("run", desk.config(), data, until="so many rows: ")
    os.write(terminal, b"\x04")
    assert "interrupted" in _read(terminal, "next: ")
    assert process.wait(20) == 130
    assert len(desk.sandbox.tasks) == 0


def test_who_answers_with_a_number_is_told_how_the_rest_gets_in(desk, make_row, asked):
    data = desk.csv([make_row(1), make_row(2)])
    process, terminal = asked("run", desk.config(), data, until="so many rows: ")
    os.write(terminal, b"1\n")
    shown = _read(terminal, "for the rest, run the same command again: lightfield-etl run")
    assert process.wait(20) == 0
    assert "finished: 1 row in" in shown
    assert "nothing left" not in shown
    assert desk.titles == ["Task 1"]


def test_who_leaves_where_a_key_is_asked_for_has_found_no_fault_of_the_program(desk, make_row, asked):
    desk.monkeypatch.delenv("LIGHTFIELD_API_KEY")
    process, terminal = asked("run", desk.config(), desk.csv([make_row(1)]), until="(not shown): ")
    os.write(terminal, b"\x04")
    assert "error: interrupted at a question" in _read(terminal, "nothing was changed")
    assert process.wait(20) == 130


def test_ctrl_c_ends_a_run_that_waits_for_its_standard_input(desk):
    process = desk.start("run", desk.config(), "-", stdin=subprocess.PIPE)
    process.stdin.write("Id,Title\n")
    process.stdin.flush()
    deadline = time.monotonic() + 20
    # The run's folder is there once its handlers are.
    while not list((desk.folder / "results").glob("*/")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 130
    process.communicate()
    assert desk.writes == 0
