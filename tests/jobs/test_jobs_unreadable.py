"""Lightfield cannot show one task, night after night: whose trouble is that?"""

from __future__ import annotations

import contextlib

import httpx
import pytest


@contextlib.contextmanager
def answered(bench, wanted, status):
    """Requests that ``wanted`` is true of are answered with the status; None: their answers are lost, unread by Lightfield."""
    real = bench.transport.handle_async_request

    async def handle(request):
        if not wanted(request):
            return await real(request)
        if status is None:
            raise httpx.ReadError("the connection was reset")
        return httpx.Response(status, json={"error": {"type": "odd", "message": "not this one"}})

    bench.transport.handle_async_request = handle
    yield
    bench.transport.handle_async_request = real


def looks_at(*ids):
    """A request for one task: of these, or any."""

    def wanted(request):
        path = request.url.path
        return request.method == "GET" and path.startswith("/v1/tasks/tsk") and (not ids or path.rpartition("/")[2] in ids)

    return wanted


@pytest.fixture
def nightly(bench):
    """Three tasks, and a source in which all three rows have changed since."""
    bench.config(mode="sync", limits={"attempts": 2})
    bench.rows(["A", "B", "C"])
    assert bench.counts(bench.job()) == {"created": 3}
    bench.rows(["A2", "B2", "C2"])
    return bench


@pytest.mark.parametrize("status", [500, 403, 400])
def test_a_task_that_cannot_be_read_is_its_rows_trouble_alone_and_is_looked_at_again(nightly, status):
    with answered(nightly, looks_at(nightly.task("A").id), status):
        summary = nightly.job()
    assert (summary.exit_code, nightly.counts(summary)) == (1, {"updated": 2, "conflict": 1})
    told = nightly.results(summary)[0]
    assert (told["action"], told["error_code"]) == ("conflict", "unreadable_task")
    assert all(words in told["error_message"] for words in ("could not be read", "not this one", "the next run looks again"))
    assert nightly.titles() == ["A", "B2", "C2"]
    assert nightly.counts(nightly.job()) == {"unchanged": 2, "updated": 1}
    assert nightly.titles() == ["A2", "B2", "C2"]


@pytest.mark.parametrize("status", [500, 403])
def test_where_no_task_can_be_read_the_run_stops(nightly, status):
    with answered(nightly, lambda request: request.method == "GET" and request.url.path.startswith("/v1/tasks"), status):
        summary = nightly.job()
    assert (summary.exit_code, nightly.titles()) == (3, ["A", "B", "C"])


def test_ten_tasks_in_a_row_that_cannot_be_read_stop_the_run_although_the_list_is_shown(bench):
    bench.config(mode="sync", limits={"attempts": 1})
    bench.rows([f"Task {number}" for number in range(12)])
    bench.job()
    bench.rows([f"New {number}" for number in range(12)])
    with answered(bench, looks_at(), 500):
        summary = bench.job()
    assert (summary.exit_code, summary.reason) == (3, "service_down")
    assert "10 tasks in a row could not be read" in summary.message
    assert not any(title.startswith("New") for title in bench.titles())


@pytest.fixture
def doubtful(nightly):
    """The change of A is in doubt."""
    changes_a = nightly.task("A").id
    with answered(nightly, lambda request: request.method == "POST" and request.url.path.endswith(changes_a), None):
        assert nightly.counts(nightly.job()) == {"updated": 2, "uncertain": 1}
    return nightly


def test_a_change_in_doubt_whose_task_cannot_be_read_stays_in_doubt_and_the_others_go_on(doubtful):
    with answered(doubtful, looks_at(doubtful.task("A").id), 500):
        doubtful.rows(["A2", "B3", "C2", "D"])
        summary = doubtful.job()
    assert doubtful.counts(summary) == {"created": 1, "updated": 1, "unchanged": 1, "uncertain": 1}
    assert "1 still in doubt, because the task could not be read" in doubtful.said.getvalue()
    assert doubtful.job().exit_code == 0
    assert doubtful.titles() == ["A2", "B3", "C2", "D"]


@pytest.mark.parametrize("readable_after", [0, 2])
def test_an_undo_takes_no_row_back_of_which_a_change_is_in_doubt(doubtful, readable_after):
    """However often it can be read: what was begun first has to be settled first."""
    task, looks = doubtful.task("A"), 0

    def wanted(request):
        nonlocal looks
        looks += looks_at(task.id)(request)
        return looks_at(task.id)(request) and (not readable_after or looks <= readable_after)

    with answered(doubtful, wanted, 500):
        undone = doubtful.job("undo", data=())
    assert (undone.exit_code, doubtful.counts(undone), task.trashed) == (1, {"trashed": 2, "conflict": 1}, False)
    again = doubtful.job("undo", data=())
    assert (doubtful.counts(again), task.trashed) == ({"trashed": 1}, True)


def test_a_retry_leaves_what_it_cannot_look_at_for_the_next_one(doubtful):
    with answered(doubtful, looks_at(doubtful.task("A").id), 500):
        assert doubtful.counts(doubtful.job("retry", data=())) == {"conflict": 1}
    assert doubtful.counts(doubtful.job("retry", data=())) == {"updated": 1}
    assert doubtful.titles() == ["A2", "B2", "C2"]


def test_a_verify_names_the_row_and_holds_the_others_against_their_tasks(nightly):
    assert nightly.counts(nightly.job()) == {"updated": 3}
    nightly.clock.jump(minutes=5)
    # Only what the list does not show as the source has it is looked at by itself.
    nightly.edit("A2", title="A3")
    with answered(nightly, looks_at(nightly.task("A3").id), 500):
        summary = nightly.job("verify")
    assert {name.value: rows for name, rows in summary.classes.items() if rows} == {"equal": 2, "failed": 1}
    assert summary.exit_code == 1
