"""A command whose words nobody takes does its work all the same, and ends with the exit code of that work."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

FULL = Path("/dev/full")


@contextmanager
def left_pipe():
    """A pipe whose reader has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


@contextmanager
def full_disk():
    if not FULL.exists():
        pytest.skip("only Linux has a device that is always full")
    with FULL.open("wb") as stream:
        yield stream


def command(*words, **streams):
    with subprocess.Popen([sys.executable, "-m", "etl", *map(str, words)], text=True, **streams) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize("broken", [left_pipe, full_disk])
def test_a_run_whose_messages_nobody_takes_goes_on_to_its_end(desk, make_row, broken):
    words = ("run", desk.config(), desk.csv([make_row(1), make_row(2, status="Opne")]))
    with broken() as stream:
        code, _, _ = command(*words, stderr=stream)
    assert code == 1
    assert desk.titles == ["Task 1"]
    assert (desk.folder / "results" / "latest" / "failures.csv").exists()


def test_a_summary_that_nobody_reads_changes_no_exit_code(desk, make_row):
    words = ("run", desk.config(), desk.csv([make_row(1, status="Opne")]), "--json", "--quiet")
    with left_pipe() as stream:
        code, _, said = command(*words, stdout=stream, stderr=subprocess.PIPE)
    assert code == 1
    assert "error" not in said


def test_an_output_that_takes_no_more_is_told():
    with full_disk() as stream:
        code, _, said = command("schema", stdout=stream, stderr=subprocess.PIPE)
    assert code == 3
    assert said == (
        "error: standard output cannot be written: No space left on device\nnext: run the same command again with another output\n"
    )


def test_a_letter_that_the_output_cannot_say_is_told_by_its_number(desk):
    config = desk.config(name="任务.yaml")
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    code, said, _ = command("check", config, "--show-config", env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert (code, "\\u4efb" in said) == (0, True), said
