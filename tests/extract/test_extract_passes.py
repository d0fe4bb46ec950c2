"""Several passes over the same input, and what changes between them."""

import os

import pytest

from etl.errors import SourceChangedError
from etl.frames import EXCLUDED, EXTRACT_CODE, EXTRACT_MESSAGE, GIVEN_KEY, ROW


def many(count, word="some text"):
    return "Id,T,N\n" + "".join(f'{number},"{word}\n{number}",x\n' for number in range(count))


def test_batches_are_bounded_in_order_and_the_same_each_time(shop):
    opened = shop.open_text(many(25_000))
    first = list(opened.batches(rows_per_batch=4000))
    assert max(batch.frame.height for batch in first) <= 4000
    numbers = [number for batch in first for number in batch.frame[ROW]]
    assert numbers == list(range(2, 25_002)) == [number for batch in opened.batches() for number in batch.frame[ROW]]


def test_a_limit_counts_over_all_files(shop, rows):
    shop.write("Id\n1\n\n2\n", "a.csv")
    shop.write("Id;T\n3;x\n4;y\n", "b.csv")
    opened = shop.open("a.csv", "b.csv")
    assert rows(opened, "Id", limit=3) == [("1",), ("2",), ("3",)]
    assert rows(opened, "Id", limit=2) == [("1",), ("2",)]
    assert rows(opened, "Id", limit=0) == []
    assert [file.columns for file in opened.files] == [("Id",), ("Id", "T")]


def test_a_pass_may_ask_for_some_columns_of_each_file(shop):
    shop.write("A,Id,B\n,1,\nx,,\n", "a.csv")
    shop.write("Id,C\n2,y\n", "b.csv")
    frames = [batch.frame for batch in shop.open("a.csv", "b.csv").batches(columns=[{"Id", "B"}, {"C"}])]
    ours = [ROW, EXCLUDED, GIVEN_KEY, EXTRACT_CODE, EXTRACT_MESSAGE]
    assert [frame.columns for frame in frames] == [[*ours, "Id", "B"], [*ours, "C"]]
    assert [frame.height for frame in frames] == [2, 1], "a row counts by all of its cells, not by those that are asked for"


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def rewrite_alike(path):
    path.write_bytes(path.read_bytes().replace(b"some", b"same"))


def replace(path):
    path.with_suffix(".new").write_bytes(path.read_bytes())
    path.with_suffix(".new").replace(path)


@pytest.mark.parametrize("change", [cut, rewrite_alike, replace, os.unlink])
@pytest.mark.parametrize("content", [many(60_000), many(10).encode("utf-16")], ids=["plain", "transcoded"])
def test_a_file_that_changes_between_passes_stops_the_job(shop, change, content):
    opened = shop.open_text(content)
    list(opened.batches())
    change(shop.folder / "tasks.csv")
    with pytest.raises(SourceChangedError, match=r"tasks\.csv") as caught:
        list(opened.batches())
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("change", [cut, rewrite_alike])
def test_a_file_that_changes_during_a_pass_stops_the_job(shop, change):
    batches = shop.open_text(many(60_000)).batches(rows_per_batch=1000)
    next(batches)
    change(shop.folder / "tasks.csv")
    with pytest.raises(SourceChangedError):
        list(batches)


def test_a_pass_may_be_left_early(shop):
    opened = shop.open_text(many(30_000))
    batches = opened.batches(rows_per_batch=100)
    next(batches)
    batches.close()
    assert sum(batch.frame.height for batch in opened.batches()) == 30_000
