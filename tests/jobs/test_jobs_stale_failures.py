"""A write that was refused one night: what is left of it once its row needs none any more?"""

from __future__ import annotations

import contextlib

import httpx
import pytest

NO = httpx.Response(422, json={"error": {"type": "unprocessable_content", "message": "locked"}})


@contextlib.contextmanager
def refused(bench, wanted):
    """Requests that ``wanted`` is true of are refused."""
    answer = bench.transport.handle_async_request

    async def handle(request):
        return httpx.Response(NO.status_code, content=NO.content) if wanted(request) else await answer(request)

    bench.transport.handle_async_request = handle
    yield
    bench.transport.handle_async_request = answer


def is_change(request):
    return request.method == "DELETE" or (request.method == "POST" and request.url.path.startswith("/v1/tasks/"))


def creates(title):
    return lambda request: request.method == "POST" and request.url.path == "/v1/tasks" and f'"{title}"'.encode() in request.content


def nothing_waits(bench):
    """``retry`` finds nothing to send, and sends nothing."""
    before = [(task.fields, task.trashed) for task in bench.sandbox.tasks]
    summary = bench.job("retry", data=())
    assert (summary.exit_code, bench.counts(summary)) == (0, {})
    return before == [(task.fields, task.trashed) for task in bench.sandbox.tasks]


@pytest.mark.parametrize("second_night", [["A", "B"], ["A", "B", "C2"]], ids=["trash", "update"])
def test_a_row_that_is_again_what_was_written_is_neither_trashed_nor_changed_by_retry(bench, second_night):
    bench.config(mode="sync", sync={"on_missing": "trash", "max_missing": "90%"}, source={"key": "Id", "path": "rows.csv"})
    bench.rows(["A", "B", "C"])
    assert bench.counts(bench.job(data=())) == {"created": 3}
    bench.rows(second_night)
    with refused(bench, is_change):
        assert bench.counts(bench.job(data=()))["failed"] == 1
    bench.rows(["A", "B", "C"])
    assert bench.counts(bench.job(data=())) == {"unchanged": 3}
    assert nothing_waits(bench)


def test_a_row_that_is_excluded_since_is_not_sent_by_retry(bench):
    bench.rows(["A", "B"])
    with refused(bench, creates("B")):
        assert bench.counts(bench.job()) == {"created": 1, "failed": 1}
    bench.config(source={"key": "Id", "exclude": "Title = 'B'"})
    assert bench.counts(bench.job()) == {"unchanged": 1, "excluded": 1}
    assert nothing_waits(bench)
    assert bench.titles() == ["A"]


def test_an_undo_of_the_whole_import_leaves_nothing_to_retry(bench):
    bench.rows(["A", "B"])
    with refused(bench, creates("B")):
        assert bench.counts(bench.job()) == {"created": 1, "failed": 1}
    bench.said.truncate(0)
    assert bench.counts(bench.job("undo", data=())) == {"trashed": 1}
    assert "retry" not in bench.said.getvalue()
    assert nothing_waits(bench)


def test_what_failed_and_still_has_to_be_written_is_sent_by_retry(bench):
    bench.config(mode="sync")
    bench.rows(["A", "B"])
    assert bench.counts(bench.job()) == {"created": 2}
    bench.rows(["A", "B2"])
    with refused(bench, is_change):
        assert bench.counts(bench.job()) == {"unchanged": 1, "failed": 1}
        assert bench.counts(bench.job()) == {"unchanged": 1, "failed": 1}
    assert bench.counts(bench.job("retry", data=())) == {"updated": 1}
    assert bench.titles() == ["A", "B2"]
