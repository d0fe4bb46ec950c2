"""What the look ahead found out about known rows serves the load: the run ends as if the input had been read again."""

from __future__ import annotations

import pytest

from etl.errors import LocalFailureError
from etl.jobs import passes

FIRST = [
    *({"Id": f"k{number}", "Title": f"Task {number}"} for number in range(8)),
    {"Id": "bad", "Title": "Bad date", "Due": "soon"},
    {"Id": "lost", "Title": "Lost"},
    {"Id": "gone", "Title": "Gone"},
]
SECOND = [
    {"Id": "k0", "Title": "Task 0"},
    {"Id": "new", "Title": "New", "Notes": "=1+1"},
    {"Id": "k1", "Title": "Task 1, changed"},
    *({"Id": f"k{number}", "Title": f"Task {number}"} for number in range(2, 6)),
    {"Id": "bad", "Title": "Bad date", "Due": "later"},
    {"Id": "k2", "Title": "Task 2"},
    {"Id": "two", "Title": "This"},
    {"Id": "lost", "Title": "Lost"},
    {"Id": "two", "Title": "Or that"},
    {"Id": "gone", "Title": "Gone"},
    {"Id": "k6", "Title": "Task 6"},
    {"Id": "k7", "Title": "Task 7"},
]


@pytest.fixture
def small_batches(monkeypatch):
    """The pass and what is read again for its cells are cut at different places."""
    monkeypatch.setattr("etl.jobs.lookahead.LOOK_AHEAD_ROWS", 3)
    monkeypatch.setattr("etl.jobs.kept.LOOK_AHEAD_ROWS", 4)


@pytest.fixture
def mapped(monkeypatch):
    """Rows that were mapped, in a list of numbers."""
    heights, prepare = [], passes.prepare

    def count(recipe, raw, *args, **options):
        heights.append(raw.frame.height)
        return prepare(recipe, raw, *args, **options)

    monkeypatch.setattr(passes, "prepare", count)
    return heights


def second_run(bench, monkeypatch, *, keeps, **options):
    """Of rows that are known, changed, new, bad, twice there, and in doubt: all that is left of it, and the tasks."""
    bench.transport.lost = {"Lost": True, "Gone": False}
    bench.rows(FIRST)
    bench.job()
    bench.transport.lost = {"Gone": False}
    with monkeypatch.context() as patched:
        if not keeps:
            patched.setattr("etl.jobs.kept.MOST_WITH_CONTENT", -1)
        bench.rows(SECOND)
        summary = bench.job(**options)
    results = [{name: cell for name, cell in line.items() if name != "finished_at"} for line in bench.results(summary)]
    failures = (bench.folder / "results" / summary.run_id / "failures.csv").read_text(encoding="utf-8-sig")
    return bench.counts(summary), results, failures, bench.titles(), [(kind.code, kind.rows) for kind in summary.problems]


def _refuse(_frame, path):
    raise LocalFailureError(f"cannot write {path}: No space left on device", next_step="make room")


@pytest.mark.parametrize("options", [{}, {"sync": True}, pytest.param({"limit": 9}, marks=pytest.mark.slow)])
def test_a_run_ends_as_if_the_input_had_been_read_again(bench, tmp_path, monkeypatch, small_batches, mapped, options):
    (tmp_path / "other").mkdir()
    other = type(bench)(tmp_path / "other")
    kept = second_run(bench, monkeypatch, keeps=True, **options)
    mapped_once = sum(mapped)
    read = second_run(other, monkeypatch, keeps=False, **options)
    assert kept == read
    assert kept[0]["unchanged"] >= 4
    assert kept[0]["rejected"] >= 1
    assert sum(mapped) - mapped_once == mapped_once + min(options.get("limit", len(SECOND)), len(SECOND))


def test_a_run_without_anything_to_do_maps_every_row_once_and_asks_for_no_task(bench, small_batches, mapped):
    bench.rows([f"Task {number}" for number in range(10)])
    bench.job()
    del mapped[:]
    asked = len(bench.sandbox.requests)
    assert bench.counts(bench.job()) == {"unchanged": 10}
    assert sum(mapped) == 10
    assert "/v1/tasks" not in [visit.path for visit in list(bench.sandbox.requests)[asked:]]


def test_without_room_for_what_is_kept_the_input_is_read_again(bench, mapped, monkeypatch):
    bench.rows(["A", "B"])
    bench.job()
    del mapped[:]
    monkeypatch.setattr("etl.jobs.kept.ParkedFrame.spill", _refuse)
    assert bench.counts(bench.job()) == {"unchanged": 2}
    assert sum(mapped) == 4
