"""Which files can be a ledger, how are they made, and what is said of the others?"""

from __future__ import annotations

import multiprocessing
import os
import re
import sqlite3
import stat
from pathlib import Path

import pytest
from sqlalchemy import MetaData, create_engine

from etl.errors import LedgerError, LocalFailureError
from etl.ledger import schema
from etl.ledger.migrations import MIGRATIONS, NEWEST, Migration, migrate
from etl.ledger.schema import METADATA
from etl.ledger.sqlite import open_sqlite
from etl.ledger.store import open_ledger


def test_the_first_opening_makes_the_file_and_says_so(path, clock):
    with open_ledger(str(path), clock=clock) as first:
        assert first.created
        assert first.location == str(path)
    with open_ledger(f"sqlite:///{path}", clock=clock) as second:
        assert not second.created


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_every_file_of_a_ledger_is_private_whatever_the_umask(path, clock, make, mask):
    before = os.umask(mask)
    try:
        ledger, _ = make.open_running(path, clock)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        ledger.close()
    finally:
        os.umask(before)
    assert modes == {path.name: 0o600, f"{path.name}-wal": 0o600, f"{path.name}-shm": 0o600}


def test_a_closed_ledger_is_one_file(path, clock, make):
    ledger, _ = make.open_running(path, clock)
    ledger.close()
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_ledger_is_not_made_where_it_must_be_there(path, clock):
    with pytest.raises(LedgerError, match="there is no ledger") as caught:
        open_ledger(str(path), clock=clock, create=False)
    assert "--ledger" in caught.value.next_step
    assert not path.exists()


def test_memory_keeps_a_ledger_as_long_as_it_is_open(clock, make):
    ledger, rows = make.open_running("sqlite://", clock)
    rows.finish("run-1", [make.outcome(make.create("a"))])
    assert ledger.created
    assert rows.known_rows() == 1
    ledger.close()


@pytest.mark.parametrize("name", ["with space.ledger", "what?.ledger", "50%.ledger", "a#b.ledger", "ünï.ledger"])
def test_any_file_name_is_that_file(tmp_path, clock, name):
    open_ledger(str(tmp_path / name), clock=clock).close()
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_missing_folder_is_named(tmp_path, clock):
    with pytest.raises(LedgerError, match="cannot be made: No such file") as caught:
        open_ledger(str(tmp_path / "nowhere" / "x.ledger"), clock=clock)
    assert str(tmp_path / "nowhere") in caught.value.next_step


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_named(tmp_path, clock):
    tmp_path.chmod(0o500)
    with pytest.raises(LedgerError, match="cannot be made: Permission denied"):
        open_ledger(str(tmp_path / "x.ledger"), clock=clock)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_ledger_that_may_only_be_read_is_refused(path, clock):
    open_ledger(str(path), clock=clock).close()
    path.chmod(0o400)
    with pytest.raises(LedgerError, match="cannot be opened for writing"):
        open_ledger(str(path), clock=clock)


def test_a_folder_is_refused(tmp_path, clock):
    with pytest.raises(LedgerError, match="is a folder"):
        open_ledger(str(tmp_path), clock=clock)


def test_a_link_to_nowhere_makes_no_file_behind_it(tmp_path, clock):
    """A file made through the link would have the mode of the umask."""
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(LedgerError):
        open_ledger(str(tmp_path / "link"), clock=clock)
    assert not (tmp_path / "target").exists()


def test_another_programs_text_file_is_refused_and_left_as_it_is(path, clock):
    path.write_text("Record ID,Task Title\n" * 100)
    with pytest.raises(LedgerError, match="damaged, or not a ledger"):
        open_ledger(str(path), clock=clock)
    assert path.read_text() == "Record ID,Task Title\n" * 100


def test_another_programs_database_is_refused(path, clock):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    with pytest.raises(LedgerError, match="'bookmarks'"):
        open_ledger(str(path), clock=clock)


def test_an_empty_file_becomes_a_ledger(path, clock):
    """It is what a crash between making the file and its tables leaves."""
    path.touch()
    with open_ledger(str(path), clock=clock) as ledger:
        assert ledger.created


def test_a_damaged_ledger_is_refused_with_what_to_do(path, clock, make):
    ledger, rows = make.open_running(path, clock)
    for start in range(0, 400, 50):
        rows.finish("run-1", [make.outcome(make.create(f"key {number}")) for number in range(start, start + 50)])
    ledger.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:40_000] + bytes(60_000) + whole[100_000:])
    with pytest.raises(LedgerError, match="damaged") as caught:
        open_ledger(str(path), clock=clock)
    assert "reconcile" in caught.value.next_step


def test_a_ledger_whose_table_of_contents_is_no_text_is_refused(path, clock):
    open_ledger(str(path), clock=clock).close()
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE etl_intent", b"CREATE TABL\xff etl_intent"))
    with pytest.raises(LedgerError, match="damaged"):
        open_ledger(str(path), clock=clock)


@pytest.mark.parametrize("change", ["DROP TABLE etl_salt", "ALTER TABLE etl_workspace DROP COLUMN label", "DELETE FROM etl_migration"])
def test_a_ledger_that_lacks_what_it_had_is_refused_with_what_to_do(path, clock, change):
    open_ledger(str(path), clock=clock).close()
    connection = sqlite3.connect(path)
    connection.execute(change)
    connection.commit()
    connection.close()
    with pytest.raises((LedgerError, LocalFailureError), match="damaged") as caught, open_ledger(str(path), clock=clock) as ledger:
        ledger.remember_workspace("https://api.example", ["mem_1"], label="acme.example")
    assert "reconcile" in caught.value.next_step


def test_a_newer_versions_ledger_is_refused_with_what_to_do(path, clock):
    open_ledger(str(path), clock=clock).close()
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO etl_migration VALUES (?, 'of the future', 0)", (NEWEST + 1,))
    connection.commit()
    connection.close()
    with pytest.raises(LedgerError, match=f"its schema is {NEWEST + 1}, this version knows {NEWEST}") as caught:
        open_ledger(str(path), clock=clock)
    assert "upgrade" in caught.value.next_step


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mysql://ops:hunter2@db.example/etl", "mysql://"),
        ("sqlite://hunter2/x", "host or a query"),
        ("sqlite:///x.ledger?key=hunter2", "host or a query"),
        ("  ", "empty"),
    ],
)
def test_other_kinds_of_ledger_are_refused_without_showing_a_password(clock, url, told):
    with pytest.raises(LedgerError, match=told) as caught:
        open_ledger(url, clock=clock)
    assert "hunter2" not in f"{caught.value} {caught.value.next_step}"


def test_the_tables_of_the_queries_are_those_of_the_migrations(path, clock):
    open_ledger(str(path), clock=clock).close()
    engine = create_engine(f"sqlite:///{path}")
    found = MetaData()
    found.reflect(engine)
    engine.dispose()

    def columns(metadata):
        return {
            table.name: [(column.name, column.nullable and not column.primary_key, column.primary_key) for column in table.columns]
            for table in metadata.sorted_tables
        }

    assert columns(found) == columns(METADATA)


def test_a_migration_that_fails_leaves_nothing_and_can_be_tried_again(path, clock):
    open_ledger(str(path), clock=clock).close()
    number = NEWEST + 1
    half = Migration(number, "half", ("CREATE TABLE etl_new (x INTEGER)", "CREATE TABLE etl_new (x INTEGER)"))
    whole = Migration(number, "whole", ("CREATE TABLE etl_new (x INTEGER)",))
    database = open_sqlite(path, str(path))
    with pytest.raises(Exception, match="already exists"):
        migrate(database, clock.now(), (*MIGRATIONS, half))
    assert migrate(database, clock.now(), (*MIGRATIONS, whole)) is False
    database.close()


def _open_at_once(path, started, results):
    from etl.clock import SystemClock

    started.wait()
    try:
        with open_ledger(str(path), clock=SystemClock()) as ledger:
            results.put("created" if ledger.created else "found")
    except LedgerError as error:
        results.put(repr(error))


def test_of_processes_that_open_a_new_ledger_at_once_one_makes_it(path):
    context = multiprocessing.get_context("fork")
    started, results = context.Event(), context.Queue()
    children = [context.Process(target=_open_at_once, args=(path, started, results)) for _ in range(6)]
    for child in children:
        child.start()
    started.set()
    said = sorted(results.get(timeout=30) for _ in children)
    for child in children:
        child.join()
    assert said == ["created"] + ["found"] * 5


def test_sqlite_syncs_every_commit(path, clock):
    open_ledger(str(path), clock=clock).close()
    database = open_sqlite(path, str(path))
    with database.writing() as connection:
        asked = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous", "foreign_keys")}
    database.close()
    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


@pytest.mark.parametrize(
    ("kind", "words"),
    [("sqlite", r"import sqlite3|dialects import sqlite|PRAGMA"), ("postgres", r"import psycopg|dialects import postgresql|SET LOCAL")],
)
def test_only_one_file_knows_each_kind_of_database(kind, words):
    folder = Path(schema.__file__).parent
    assert [file.stem for file in folder.glob("*.py") if re.search(words, file.read_text())] == [kind]
