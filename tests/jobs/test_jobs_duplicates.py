"""The same row in two files is one task."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("stream", [False, True])
def test_a_bad_row_in_one_file_does_not_make_its_neighbours_differ_from_themselves(bench, stream):
    bench.rows([{"Id": "1", "Title": "a"}, {"Id": "2", "Title": "b", "Owner": "nobody@x.example"}])
    (bench.folder / "first.csv").write_bytes((bench.folder / "rows.csv").read_bytes())
    bench.rows([{"Id": "1", "Title": "a"}])
    summary = bench.job(data=("first.csv", "rows.csv"), stream=stream)
    assert bench.counts(summary) == {"created": 1, "rejected": 1, "duplicate": 1}
