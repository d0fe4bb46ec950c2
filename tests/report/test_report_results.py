"""Does every row of the input have exactly one line, in input order?"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.cells import unprotect_text
from etl.errors import LocalFailureError
from etl.records import Action, Problem
from etl.report.attention import ATTENTION_ROWS
from etl.report.folder import RunFolder
from etl.report.results import HELD_ROWS, RESULT_COLUMNS, RowReport

DECISIONS = st.sampled_from([None, Action.UNCHANGED, Action.REJECTED, Action.EXCLUDED, Action.DUPLICATE])
ENDS = st.sampled_from([Action.CREATED, Action.FAILED, Action.UNCERTAIN, None])


@st.composite
def runs(draw):
    """Batches of decisions, and in which order and with what end the waiting rows come back."""
    batches = draw(st.lists(st.lists(DECISIONS, min_size=1, max_size=5), max_size=6))
    waiting = [(b, r) for b, actions in enumerate(batches) for r, action in enumerate(actions) if action is None]
    order = draw(st.permutations(waiting))
    return batches, [(place, draw(ENDS)) for place in order], draw(st.integers(0, len(order)))


@settings(max_examples=40)
@given(run=runs())
def test_every_row_has_one_line_in_input_order_whatever_order_outcomes_come_in(make, read, run):
    """Batches of two files; some outcomes come between the batches, some never."""
    batches, ends, early = run
    with tempfile.TemporaryDirectory() as temporary:
        folder = RunFolder.create(Path(temporary) / "out", "r1")
        files = (make.file(index=0, path="a.csv"), make.file(index=1, path="b.csv"))
        report = RowReport(folder, files=files, scratch=Path(temporary))
        place, expected, added = {}, {}, set()
        for number, actions in enumerate(batches):
            file = files[number * 2 >= len(batches)]
            rows = [number * 10 + offset + 2 for offset in range(len(actions))]
            report.add(make.batch(file, rows), make.decided(rows, actions), actions.count(None))
            place |= {(number, offset): (file, row) for offset, row in enumerate(rows)}
            expected |= {(file.index, row): action or Action.NOT_SENT for row, action in zip(rows, actions, strict=True)}
            for at, end in ends[:early]:
                if at in place and at not in added and end is not None:
                    added.add(at)
                    report.finish(make.outcome(place[at][1], end, file=place[at][0].index))
        for at, end in ends:
            if end is not None:
                expected[place[at][0].index, place[at][1]] = end
                if at not in added:
                    report.finish(make.outcome(place[at][1], end, file=place[at][0].index))
        counts = report.close(make.noon)
        lines = read(folder.results)
    found = [(("a.csv", "b.csv").index(line["file"]), int(line["row"]), line["action"]) for line in lines]
    assert found == [(file, row, action.value) for (file, row), action in expected.items()]
    assert counts == {action: list(expected.values()).count(action) for action in Action}


def test_the_header_is_there_from_the_start(report, folder, make):
    report(make.file())
    assert folder.results.read_text() == ",".join(RESULT_COLUMNS) + "\n"


def test_a_line_of_a_row_that_was_sent_tells_what_became_of_it(report, folder, read, make):
    rows = report(make.file())
    rows.add(make.batch(make.file(), [2]), make.decided([2], [None]), 1)
    rows.finish(make.outcome(2, status=200, attempts=3))
    rows.close(make.noon)
    assert read(folder.results) == [
        {
            "row": "2",
            "file": "tasks.csv",
            "source_key": "k2",
            "action": "created",
            "task_id": "tsk_2",
            "url": "https://crm.test/tsk_2",
            "idempotency_key": "idem-2",
            "attempts": "3",
            "http_status": "200",
            "error_code": "",
            "error_field": "",
            "error_message": "",
            "finished_at": "2026-11-22T12:00:00.000Z",
        }
    ]


def test_decided_rows_are_on_disk_before_the_report_is_closed(report, folder, read, make):
    """So that a run that is killed leaves its reports as far as it came."""
    rows = report(make.file())
    rows.add(make.batch(make.file(), [2, 3]), make.decided([2, 3], [Action.UNCHANGED, None]), 1)
    assert read(folder.results) == []
    rows.finish(make.outcome(3))
    assert [line["row"] for line in read(folder.results)] == ["2", "3"]


def test_counts_are_live(report, make):
    rows = report(make.file())
    rows.add(make.batch(make.file(), [2, 3, 4]), make.decided([2, 3, 4], [Action.UNCHANGED, None, None]), 2)
    assert (rows.counts[Action.UNCHANGED], rows.counts[Action.CREATED]) == (1, 0)
    rows.finish(make.outcome(4))
    assert (rows.counts[Action.UNCHANGED], rows.counts[Action.CREATED]) == (1, 1)


def test_a_later_outcome_of_a_row_replaces_the_earlier(report, folder, read, make):
    rows = report(make.file())
    rows.add(make.batch(make.file(), [2, 3]), make.decided([2, 3], [None, None]), 2)
    for outcome in (make.outcome(2, Action.UNCERTAIN), make.outcome(2), make.outcome(3)):
        rows.finish(outcome)
    counts = rows.close(make.noon)
    assert [line["action"] for line in read(folder.results)] == ["created", "created"]
    assert (counts[Action.CREATED], counts[Action.UNCERTAIN]) == (2, 0)


def test_closing_twice_changes_nothing(report, folder, make):
    rows = report(make.file())
    rows.add(make.batch(make.file(), [2]), make.decided([2], [None]), 1)
    first = rows.close(make.noon)
    written = folder.results.read_bytes()
    assert rows.close(make.noon) == first
    assert folder.results.read_bytes() == written
    assert first[Action.NOT_SENT] == 1


def test_rows_held_back_beyond_ten_thousand_lie_in_private_files_and_come_back_in_order(report, folder, scratch, read, make):
    rows, file, size = report(make.file()), make.file(), HELD_ROWS // 2
    rows.add(make.batch(file, [2]), make.decided([2], [None]), 1)
    for first in range(3, 3 + 4 * size, size):
        numbers = list(range(first, first + size))
        actions = [None, Action.REJECTED, *[Action.UNCHANGED] * (size - 2)]
        rows.add(make.batch(file, numbers), make.decided(numbers, actions, code="bad"), 1)
        rows.finish(make.outcome(first))
    spilled = list(scratch.iterdir())
    assert spilled
    assert {stat.S_IMODE(path.stat().st_mode) for path in spilled} == {0o600}
    rows.finish(make.outcome(2))
    counts = rows.close(make.noon)
    lines = read(folder.results)
    assert [int(line["row"]) for line in lines] == list(range(2, 3 + 4 * size))
    assert [line["Title"] for line in read(folder.failures)] == [f"Title {3 + n * size + 1}" for n in range(4)]
    assert counts[Action.CREATED] == 5
    assert list(scratch.iterdir()) == []


def test_an_outcome_without_a_row_stands_after_the_input_and_not_among_the_failures(report, folder, read, make):
    """A task whose row vanished from the source has no cells that could be mended."""
    rows = report(make.file())
    rows.finish(make.outcome(None, Action.FAILED, file=None, key="gone"))
    rows.add(make.batch(make.file(), [2]), make.decided([2], [Action.UNCHANGED]), 0)
    counts = rows.close(make.noon)
    assert [(line["row"], line["source_key"], line["action"]) for line in read(folder.results)] == [
        ("2", "k2", "unchanged"),
        ("", "gone", "failed"),
    ]
    assert counts[Action.FAILED] == 1
    assert not folder.failures.exists()


def test_a_job_without_input_writes_its_outcomes_as_they_come(report, folder, read, make):
    rows = report()
    for number in range(2500):
        rows.finish(make.outcome(None, file=None, key=f"k{number}"))
    assert len(read(folder.results)) == 2000
    rows.close(make.noon)
    assert [line["source_key"] for line in read(folder.results)] == [f"k{number}" for number in range(2500)]


def test_cells_that_a_spreadsheet_would_run_are_protected(report, folder, read, make):
    file = make.file(path="-tasks.csv")
    rows = report(file)
    rows.add(make.batch(file, [2]), make.decided([2], [Action.REJECTED], code="bad", field="=Due", message="@nobody is no member"), 0)
    rows.close(make.noon)
    (line,) = read(folder.results)
    assert [line["file"], line["error_field"], line["error_message"]] == ["'-tasks.csv", "'=Due", "'@nobody is no member"]
    assert unprotect_text(line["error_field"]) == "=Due"


def test_an_outcome_for_a_row_that_does_not_wait_is_refused(report, make):
    rows = report(make.file())
    rows.add(make.batch(make.file(), [2, 3]), make.decided([2, 3], [None, Action.UNCHANGED]), 1)
    for row, file in ((1, 0), (3, 0), (4, 0), (2, 1)):
        with pytest.raises(ValueError, match="waits for an outcome"):
            rows.finish(make.outcome(row, file=file))
    assert rows.counts[Action.CREATED] == 0


def test_decisions_that_do_not_fit_their_batch_are_refused(report, make):
    rows = report(make.file())
    with pytest.raises(ValueError, match="1 actions are null"):
        rows.add(make.batch(make.file(), [2]), make.decided([2], [None]), 0)
    with pytest.raises(ValueError, match="same order"):
        rows.add(make.batch(make.file(), [2, 3]), make.decided([3, 2], [Action.UNCHANGED] * 2), 0)


def test_without_results_only_the_failures_are_written(report, folder, make):
    rows = report(make.file(), results=False)
    rows.add(make.batch(make.file(), [2]), make.decided([2], [Action.REJECTED], code="bad"), 0)
    rows.close(make.noon)
    assert folder.written() == (folder.failures,)


def test_without_failures_a_batch_may_have_the_mapped_columns_alone(report, folder, read, make):
    rows, file = report(make.file(("Id", "Title", "Notes")), failures=False), make.file(("Id", "Title", "Notes"))
    rows.add(make.batch(file, [2], {"Title": ["x"]}), make.decided([2], [Action.REJECTED], code="bad"), 0)
    rows.close(make.noon)
    assert [line["error_code"] for line in read(folder.results)] == ["bad"]
    assert not folder.failures.exists()


def test_the_page_gets_the_first_rows_that_need_a_person(report, make):
    rows, file, count = report(make.file()), make.file(), ATTENTION_ROWS + 10
    numbers = list(range(2, 2 + count))
    rows.add(make.batch(file, [1]), make.decided([1], [Action.UNCHANGED]), 0)
    rows.add(make.batch(file, numbers), make.decided(numbers, [Action.REJECTED] * count, code="bad", message="why"), 0)
    assert [row.row for row in rows.attention] == numbers[:ATTENTION_ROWS]
    assert (rows.attention[0].code, rows.attention[0].field, rows.attention[0].message) == ("bad", "", "why")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_is_a_local_failure_that_says_what_to_do(report, make):
    rows = report(make.file())
    rows._results._stream.close()
    rows._results._stream = os.fdopen(os.open("/dev/full", os.O_WRONLY), "wb", buffering=0)
    with pytest.raises(LocalFailureError, match=r"results\.csv: .*[Nn]o space left") as caught:
        rows.add(make.batch(make.file(), [2]), make.decided([2], [Action.UNCHANGED]), 0)
    assert "run the same command again" in caught.value.next_step


def test_a_results_folder_that_vanishes_is_a_local_failure(report, folder, make):
    rows = report(make.file())
    shutil.rmtree(folder.path)
    rows.add(make.batch(make.file(), [2]), make.decided([2], [Action.UNCHANGED]), 0)
    with pytest.raises(LocalFailureError, match="vanished"):
        rows.close(make.noon)


def test_a_scratch_folder_that_vanishes_is_a_local_failure(report, scratch, make):
    rows, numbers = report(make.file()), list(range(2, HELD_ROWS + 3))
    shutil.rmtree(scratch)
    with pytest.raises(LocalFailureError, match="held-1"):
        rows.add(make.batch(make.file(), numbers), make.decided(numbers, [None] * len(numbers)), len(numbers))


def test_a_problem_of_the_api_has_its_code_field_and_status(report, folder, read, make):
    rows = report(make.file())
    rows.add(make.batch(make.file(), [2]), make.decided([2], [None]), 1)
    rows.finish(make.outcome(2, Action.FAILED, problem=Problem("invalid", "$status", "no such status"), status=422))
    rows.close(make.noon)
    (line,) = read(folder.results)
    assert [line[name] for name in ("error_code", "error_field", "error_message", "http_status")] == [
        "invalid",
        "$status",
        "no such status",
        "422",
    ]
