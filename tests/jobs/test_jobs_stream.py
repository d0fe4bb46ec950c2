"""A run without a look ahead: what does it still hold, and what does it say when it ends half-way?"""

from __future__ import annotations

import httpx


def test_times_without_a_zone_stop_it_before_anything_is_sent(bench):
    bench.rows([{"Title": "a", "Due": "2026-11-02 09:00"}])
    summary = bench.job(stream=True, force_new=True)
    assert (summary.exit_code, summary.reason) == (2, "source")
    assert "row 2: '2026-11-02 09:00'" in summary.message
    assert not bench.titles()


def test_an_input_that_cannot_be_read_to_its_end_ends_a_run_that_has_written_as_stopped(bench):
    bench.config(source={"key": "Id", "exclude": "CAST(Id AS BIGINT) < 0"})
    names = [f"{number}.csv" for number in range(6)]
    for number, name in enumerate(names):
        bench.rows([{"Id": 100 * number + row, "Title": f"Task {number}.{row}"} for row in range(100)])
        (bench.folder / name).write_bytes((bench.folder / "rows.csv").read_bytes())
    bench.rows([{"Id": "x1", "Title": "no number"}])
    summary = bench.job(data=(*names, "rows.csv"), stream=True)
    assert (summary.exit_code, summary.reason) == (3, "source")
    assert bench.counts(summary)["created"] == len(bench.titles()) > 0
    assert "run the same command again" in summary.next_command


def test_one_that_ends_before_anything_was_sent_says_that(bench):
    bench.config(source={"key": "Id", "exclude": "CAST(Id AS BIGINT) < 0"})
    bench.rows([{"Id": "x1", "Title": "no number"}])
    assert bench.job(stream=True).exit_code == 2


def test_rows_that_wait_for_their_backoff_when_the_time_is_over_are_not_called_failed(bench):
    bench.config(limits={"attempts": 8})
    bench.rows(["A", "B", "C"])
    answer = bench.transport.handle_async_request

    async def down(request):
        if request.method == "POST":
            raise httpx.ConnectError("refused")
        return await answer(request)

    bench.transport.handle_async_request = down
    summary = bench.job(max_duration_seconds=2)
    assert (summary.exit_code, summary.reason, bench.counts(summary)) == (3, "limit_reached", {"not_sent": 3})
