"""Is it remembered what the receiver of an import's messages was told?"""

from __future__ import annotations

from dataclasses import replace

from etl.records import JobState

RECEIVER, OTHER = b"\x01\x00\xff\x03\x04\x05", b"other!"


def test_what_was_told_last_is_remembered_for_each_import_and_receiver(ledger_and_rows, make):
    ledger, _ = ledger_and_rows
    ledger.probe_writing()
    assert ledger.told("tasks", RECEIVER) is None
    first = JobState(failing=True, since=make.noon, stopped_by=("guard.max_age",))
    ledger.note_told("tasks", RECEIVER, first)
    assert ledger.told("tasks", RECEIVER) == first
    second = replace(first, stopped_by=(), codes=("not_found",), rows=3, row_digests=frozenset({b"12345678", b"\x00" * 8}))
    ledger.note_told("tasks", RECEIVER, second)
    assert ledger.told("tasks", RECEIVER) == second
    ledger.note_told("tasks", RECEIVER, replace(second, row_digests=None))
    assert ledger.told("tasks", RECEIVER).row_digests is None
    assert ledger.told("tasks", OTHER) is None
    assert ledger.told("other", RECEIVER) is None
