"""What is wrong around the import (key, address, folders, disk) is said before or as soon as it hurts."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager

import pytest


def test_no_api_key_says_where_one_may_come_from(desk, stopped, make_row):
    desk.monkeypatch.delenv("LIGHTFIELD_API_KEY")
    ended = desk.run([make_row(1)])
    stopped(ended, 2, "settings")
    assert "LIGHTFIELD_API_KEY_FILE" in ended.last_line
    assert "--sandbox" in ended.last_line


def test_a_key_file_that_is_not_there_is_named(desk, stopped, make_row):
    ended = desk.run([make_row(1)], "--api-key-file", "nowhere.key")
    assert "nowhere.key" in stopped(ended, 2, "settings")


def test_a_key_file_beats_the_environment(desk, make_row):
    desk.write("secret.key", f"{os.environ['LIGHTFIELD_API_KEY']}\n")
    desk.monkeypatch.setenv("LIGHTFIELD_API_KEY", "sk_lf_wrong")
    assert desk.run([make_row(1)], "--api-key-file", "secret.key").code == 0


def test_a_key_file_without_end_is_no_key_file(desk, stopped, make_row):
    ended = desk.run([make_row(1)], "--api-key-file", "/dev/zero")
    assert "one word of ASCII characters" in stopped(ended, 2, "settings")


def test_a_command_may_print_the_key(desk, make_row):
    desk.write("secret.key", os.environ["LIGHTFIELD_API_KEY"])
    desk.monkeypatch.delenv("LIGHTFIELD_API_KEY")
    desk.monkeypatch.setenv("LIGHTFIELD_API_KEY_COMMAND", "cat secret.key")
    assert desk.run([make_row(1)]).code == 0


def test_a_command_that_prints_no_key_is_not_quoted(desk, stopped, make_row):
    desk.monkeypatch.delenv("LIGHTFIELD_API_KEY")
    desk.monkeypatch.setenv("LIGHTFIELD_API_KEY_COMMAND", "echo two words")
    ended = desk.run([make_row(1)])
    stopped(ended, 2, "settings")
    assert "two words" not in ended.stderr


@pytest.mark.parametrize("url", ["http://api.lightfield.example", "ftp://localhost", "https://user:secret@api.example", "nonsense"])
def test_a_base_url_that_is_not_https_is_refused(desk, stopped, make_row, url):
    ended = desk.run([make_row(1)], "--base-url", url)
    message = stopped(ended, 2, "settings")
    assert "base URL" in message
    assert "secret" not in ended.stderr
    assert desk.titles == []


@pytest.mark.parametrize("words", [("run", "desk.yaml", "tasks.csv"), ("init", "tasks.csv"), ("runs",), ("doctor",), ("demo",)])
def test_a_working_folder_that_was_removed_is_told(desk, words):
    gone = desk.folder / "gone"
    gone.mkdir()
    desk.monkeypatch.chdir(gone)
    gone.rmdir()
    ended = desk(*words)
    assert ended.code == 2
    assert "is no longer there" in ended.stderr
    assert ended.last_line == "next: change to one that is, then try again"


def test_a_file_in_the_way_of_the_results_folder_is_named(desk, make_row):
    desk.write("results", "I am a file")
    ended = desk.run([make_row(1)])
    assert (ended.code, desk.titles) == (2, [])
    assert "results" in ended.stderr
    assert "--out" in ended.last_line


def test_a_file_in_the_way_of_the_ledger_is_named(desk, stopped, make_row):
    desk.write("notes.txt", "I am no ledger")
    ended = desk.run([make_row(1)], "--ledger", "notes.txt")
    assert "notes.txt" in stopped(ended, 2, "ledger")
    assert (desk.folder / "notes.txt").read_text() == "I am no ledger"


@contextmanager
def small_disk(path, size="256k"):
    """A file system of its own; skipped where the test may not mount one."""
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("a small file system cannot be mounted here: needs root with CAP_SYS_ADMIN")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


@pytest.fixture
def wide_rows(make_row):
    """Rows that take some room."""
    return [make_row(number, title=f"Task {number} " + "x" * 1000) for number in range(150)]


def test_a_ledger_on_a_full_disk_stops_the_run_and_with_room_again_it_goes_on_without_a_duplicate(desk, stopped, wide_rows):
    with small_disk(desk.folder / "small") as disk:
        ledger = str(disk / "desk.ledger")
        first = desk.run(wide_rows, "--ledger", ledger)
        stopped(first, 3, "local_failure")
        assert "desk.ledger" in first.stderr
        assert len(desk.titles) < len(wide_rows)
        subprocess.run(["mount", "-o", "remount,size=16m", disk], check=True)
        assert desk.run(wide_rows, "--ledger", ledger).code == 0
    assert desk.titles == sorted(row[1] for row in wide_rows)


def test_reports_on_a_full_disk_stop_the_run_and_another_folder_goes_on_without_a_duplicate(desk, wide_rows):
    broken = [[*row[:2], "Opne", *row[3:]] for row in wide_rows]
    with small_disk(desk.folder / "small", size="32k") as disk:
        first = desk.run([*broken, *wide_rows], "--out", str(disk), source={"key": ["Id", "Status"]})
        assert first.code == 3
        assert "No space left on device" in first.stderr
        assert "run the same command again" in first.last_line
    second = desk.run([*broken, *wide_rows], source={"key": ["Id", "Status"]})
    assert second.code == 1
    assert desk.titles == sorted(row[1] for row in wide_rows)
