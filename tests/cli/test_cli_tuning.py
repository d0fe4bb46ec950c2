"""What polars is told before it is imported, and that the user has the last word."""

from __future__ import annotations

import pytest

from etl.cli.tuning import tune_polars


@pytest.mark.parametrize(("processors", "threads"), [(1, "1"), (2, "1"), (3, None), (64, None), (None, None)])
def test_where_processors_are_few_polars_has_one_thread_beside_ours(processors, threads):
    environment = {}
    tune_polars(environment, processors)
    assert environment.get("POLARS_MAX_THREADS") == threads


def test_what_the_user_has_set_stays():
    environment = {"POLARS_MAX_THREADS": "2", "POLARS_CSV_CHUNK_SIZE": "7"}
    tune_polars(environment, 2)
    assert (environment["POLARS_MAX_THREADS"], environment["POLARS_CSV_CHUNK_SIZE"]) == ("2", "7")
