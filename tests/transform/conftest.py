"""Small configs, files and batches, so that a test says only what it is about."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from etl.config.model import JobConfig, ReadConfig
from etl.extract.scratch import Scratch
from etl.extract.side_table import SideTables
from etl.frames import (
    EXCLUDED,
    EXTRACT_CODE,
    EXTRACT_MESSAGE,
    GIVEN_KEY,
    HAS_PROBLEM,
    KEY_HASH,
    ROW,
    SOURCE_KEY,
    RawBatch,
    SourceFile,
)
from etl.transform.compile import compile_recipe
from etl.transform.judge import Judge
from etl.transform.lookups import LookupTable
from etl.transform.prepare import prepare
from etl.transform.side_files import read_side_files

BASE_MAP = {"$title": "Title", "$status": {"value": "TODO"}, "$assignedTo": {"value": "mem_1"}}


class Bench:
    """Builds what the transform room takes, from plain Python values."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def config(self, mapping=None, *, positions=None, **job) -> ReadConfig:
        job = {"name": "import", "source": {"key": "Id"}, "map": {**BASE_MAP, **(mapping or {})}, **job}
        return ReadConfig(JobConfig.model_validate(job), self.folder / "job.yaml", "0" * 64, positions or {})

    def file(self, columns) -> SourceFile:
        return SourceFile(
            index=0,
            path="tasks.csv",
            columns=tuple(columns),
            delimiter=",",
            encoding="utf-8",
            first_row=2,
            is_failures_file=False,
            notes=(),
            size_bytes=1,
            sha256="0" * 64,
        )

    def batch(self, columns, *, excluded=None, given=None, unread=None) -> RawBatch:
        columns = {name: list(cells) for name, cells in columns.items()}
        height = len(next(iter(columns.values())))
        columns = {"Id": [f"k{n}" for n in range(height)], "Title": ["a title"] * height, **columns}
        frame = pl.DataFrame(
            {
                ROW: pl.Series(range(2, height + 2), dtype=pl.UInt32),
                EXCLUDED: pl.Series(excluded or [False] * height, dtype=pl.Boolean),
                GIVEN_KEY: pl.Series(given or [None] * height, dtype=pl.String),
                EXTRACT_CODE: pl.Series(unread or [None] * height, dtype=pl.String),
                EXTRACT_MESSAGE: pl.Series(unread or [None] * height, dtype=pl.String),
                **{name: pl.Series(cells, dtype=pl.String) for name, cells in columns.items()},
            }
        )
        return RawBatch(self.file(columns), frame)

    def recipe(self, raw, mapping=None, *, tables=None, many=frozenset(), **job):
        config = self.config(mapping, **job)
        return compile_recipe(config, raw.file, tables or {}, many=many, side_files=read_side_files(config, self.side_tables(config)))

    def side_tables(self, config) -> SideTables:
        return SideTables((), (), config.job.source, Scratch(self.folder / "scratch"))

    def prepare(self, columns, mapping=None, *, content=None, batch=None, **recipe):
        raw = self.batch(columns, **(batch or {}))
        built = self.recipe(raw, mapping, **recipe)
        prepared = prepare(built, raw, content)
        if content is None:
            self.hold_judge(built, prepared)
        return prepared

    def hold_judge(self, recipe, prepared) -> None:
        """A judge finds the same, in the batch by itself and again once it knows its cells."""
        judge = Judge(recipe)
        for judged in (judge.judge(prepared.raw), judge.judge(prepared.raw)):
            assert_frame_equal(judged.problems, prepared.problems)
            assert (judged.remarks is None) == (prepared.remarks is None)
            if judged.remarks is not None:
                assert_frame_equal(judged.remarks, prepared.remarks)
            alike = [ROW, EXCLUDED, SOURCE_KEY, KEY_HASH, HAS_PROBLEM]
            assert_frame_equal(judged.frame.select(alike), prepared.frame.select(alike))

    def values(self, target, columns, mapping=None, **rest):
        return self.prepare(columns, mapping, **rest).frame[target].to_list()

    def unchecked(self) -> LookupTable:
        return LookupTable({}, {}, unchecked=True)


@pytest.fixture(scope="session")
def bench(tmp_path_factory) -> Bench:
    return Bench(tmp_path_factory.mktemp("config"))
