"""Any text comes out of the map as it stood in the file, and again after a person has mended failures.csv in a spreadsheet."""

from __future__ import annotations

import codecs
import csv
import io
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import etl
from etl.config.reader import read_config
from etl.extract.scan import open_source
from etl.frames import SOURCE_KEY
from etl.transform.compile import compile_recipe
from etl.transform.mentions import mentioned_columns
from etl.transform.prepare import prepare

CONFIG = """
name: texts
source: {key: Id}
map:
  $title: Text
  $description: {template: "<{Text}> {{of}} {Id}"}
  $status: Status
  $assignedTo: {value: mem_1}
"""
BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""Unicode's white space: what trimming takes away, here and in every spreadsheet's import."""

TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.text(st.sampled_from(list("=+-@'\"`,;|\t\r\n {}<>&\\%\0\ufeff\u200b\xa0é€😀0")), max_size=12),
    st.sampled_from(
        ["=1+1", "'=1", "''-x", "-5", "+49 30 1", "@all", "'", '"', '""', "a\r\nb", "a\rb", "\ufeffx", "1.20", "007", "1E5", "NULL"]
    ),
)
SAVERS = ["utf-8-sig ,", "utf-8 ;", "utf-16 \t", "utf-8 \t"]


def said(text):
    """What the map makes of a cell: (title, description)."""
    trimmed = text.strip(BLANKS)
    return trimmed or None, f"<{trimmed}> {{of}}"


def mapped(folder, name):
    """From key to (title, description) as the request will have them."""
    config = read_config(folder / "job.yaml", {})
    columns = mentioned_columns(config.job)
    with open_source(config.job.source, [name], folder, names=columns, scratch=folder / "scratch") as source:
        recipe = compile_recipe(config, source.files[0], {})
        frames = [prepare(recipe, raw).frame for raw in source.batches()]
    rows = [row for frame in frames for row in frame.select(SOURCE_KEY, "$title", "$description").iter_rows()]
    return {key: (title, description.removesuffix(f" {key}")) for key, title, description in rows}


def write(path, rows, encoding, delimiter):
    """As a spreadsheet saves: every record ends with CR LF, what needs quotes has them."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))


def save_mended(failures, path, saver):
    """What a person and a spreadsheet make of failures.csv: each status corrected, our columns as they were."""
    encoding, delimiter = saver.split(" ")
    data = failures.read_bytes()
    assert data.startswith(codecs.BOM_UTF8)
    header, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    status = header.index("Status")
    write(path, [header, *([*row[:status], "TODO", *row[status + 1 :]] for row in rows)], encoding, delimiter)


@pytest.fixture(scope="module")
def here():
    """The working folder is left as it was found."""
    before = Path.cwd()
    yield
    os.chdir(before)


@given(texts=st.lists(TEXTS, min_size=1, max_size=25), saver=st.sampled_from(SAVERS))
@example(texts=["=cmd|' /C calc'!A0", "\0", "a\0b", "x\n\n", "{Id}", "", "\ufeff", "'"], saver="utf-16 \t")
@settings(max_examples=12)
def test_any_text_survives_the_map_the_failures_file_and_the_spreadsheet(here, texts, saver):
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.chdir(folder)
        (folder / "job.yaml").write_text(CONFIG)
        write(folder / "tasks.csv", [["Id", "Text", "Status"], *([f"k{n}", text, "?"] for n, text in enumerate(texts))], "utf-8", ",")
        expected = {f"k{n}": said(text) for n, text in enumerate(texts)}
        assert mapped(folder, "tasks.csv") == expected
        summary = etl.check("job.yaml", "tasks.csv", offline=True)
        assert summary.counts["rejected"] == len(texts)
        save_mended(folder / "results" / summary.run_id / "failures.csv", folder / "mended.csv", saver)
        assert mapped(folder, "mended.csv") == expected
        os.chdir("/")
