"""Writes real files and opens them."""

import pytest

from etl.config.model import SourceConfig
from etl.extract.scan import open_source


class Workshop:
    """A folder with input files and a scratch folder beside it."""

    def __init__(self, folder):
        self.folder = folder / "in"
        self.folder.mkdir()
        self.scratch = folder / "scratch"
        self.slept = []
        self._opened = []

    def write(self, content, name="tasks.csv"):
        (self.folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    def open(self, *patterns, names=(), stdin=None, **source):
        opened = open_source(
            SourceConfig(**{"key": "Id", **source}),
            patterns,
            self.folder,
            names=frozenset(names),
            scratch=self.scratch,
            stdin=stdin,
            sleep=self.slept.append,
        )
        self._opened.append(opened)
        return opened

    def open_text(self, content, name="tasks.csv", **options):
        return self.open(self.write(content, name), **options)

    def close(self):
        for opened in self._opened:
            opened.close()


def rows_of(opened, *columns, **options):
    """The wanted columns of all rows, as tuples."""
    return [row for batch in opened.batches(**options) for row in batch.frame.select(columns or batch.file.columns).iter_rows()]


@pytest.fixture
def shop(tmp_path):
    workshop = Workshop(tmp_path)
    yield workshop
    workshop.close()


@pytest.fixture
def rows():
    return rows_of
