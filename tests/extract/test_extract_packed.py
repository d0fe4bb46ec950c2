"""Packed files: all their parts, each to its end, or none."""

import functools
import gzip
import importlib.util
import io
import struct
import tempfile
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.errors import SourceError
from etl.extract.zstd import DamagedError, ZstdStream

FIRST, SECOND = b"Id,T\n1,a\n", b"2,b\n3,c\n"
ALL = [("1", "a"), ("2", "b"), ("3", "c")]
# Without the time of packing: it would be in the tests' names, which have to be the same in every worker.
GZIPPED = [gzip.compress(part, mtime=0) for part in (FIRST, SECOND)]
SKIPPABLE = struct.pack("<II", 0x184D2A50, 5) + b"about"


def unpacked(content):
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        return b"".join(iter(functools.partial(ZstdStream(file).read, 1000), b""))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv.zst", zstandard.compress(FIRST + SECOND)),
        ("t.csv.zst", zstandard.compress(FIRST) + zstandard.compress(SECOND)),
        ("t.csv.zst", SKIPPABLE + zstandard.compress(FIRST) + zstandard.compress(b"") + SKIPPABLE + zstandard.compress(SECOND)),
        ("t", zstandard.compress(FIRST) + zstandard.compress(SECOND)),
        ("t.csv.gz", GZIPPED[0] + GZIPPED[1]),
        ("t.csv.gz", GZIPPED[0] + GZIPPED[1] + b"\0" * 512),
    ],
)
def test_a_packed_file_is_read_with_all_its_parts(shop, rows, name, content):
    opened = shop.open(shop.write(content, name))
    assert rows(opened) == rows(opened) == ALL


@pytest.mark.parametrize("name", ["t.csv.gz", "t.csv.zst", "-"])
@pytest.mark.parametrize("loose", [b'3,1" pipe\n', b"3,a\rb\n"])
def test_a_private_copy_with_loose_quotes_is_copied_once_more_and_known_as_it_came(shop, rows, name, loose):
    pack = {"t.csv.gz": gzip.compress, "t.csv.zst": zstandard.compress, "-": bytes}[name]
    content = pack(FIRST + loose)
    opened = shop.open("-", stdin=io.BytesIO(content)) if name == "-" else shop.open(shop.write(content, name))
    assert rows(opened)[0] == ("1", "a")
    assert opened.files[0].size_bytes == len(FIRST + loose)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv.zst", zstandard.compress(FIRST) + zstandard.compress(SECOND)[:-1]),
        ("t.csv.zst", zstandard.compress(FIRST) + zstandard.compress(SECOND)[:2]),
        ("t.csv.zst", zstandard.compress(FIRST) + b"Id,T\n"),
        ("t.csv.zst", FIRST + SECOND),
        ("t.csv.gz", GZIPPED[0] + GZIPPED[1][:-9]),
        ("t.csv.gz", GZIPPED[0] + b"2,b\n"),
    ],
)
def test_a_packed_file_that_is_damaged_or_cut_off_is_refused_whole(shop, name, content):
    with pytest.raises(SourceError, match=rf"{name}: is damaged or cut off"):
        shop.open(shop.write(content, name))


@settings(max_examples=40)
@given(parts=st.lists(st.binary(max_size=40), min_size=1, max_size=4), keep=st.floats(0, 1, exclude_max=True), checked=st.booleans())
def test_zstd_frames_come_back_whole_and_no_cut_within_one_goes_unseen(parts, keep, checked):
    packer = zstandard.ZstdCompressor(write_checksum=checked)
    frames = [packer.compress(part) for part in parts]
    assert unpacked(b"".join(frames)) == b"".join(parts)
    before, last = b"".join(frames[:-1]), frames[-1]
    cut = last[: max(1, int(len(last) * keep))]
    with pytest.raises(DamagedError):
        unpacked(before + cut)


def test_a_block_that_grows_large_is_handed_out_in_pieces():
    assert unpacked(zstandard.compress(bytes(3_000_000))) == bytes(3_000_000)


def test_a_zst_file_may_not_outgrow_the_bound(shop, monkeypatch):
    monkeypatch.setattr("etl.extract.spool.MAX_UNPACKED_BYTES", 10)
    with pytest.raises(SourceError, match="more than 10 bytes when unpacked"):
        shop.open(shop.write(zstandard.compress(FIRST + SECOND), "t.csv.zst"))


def test_without_the_extra_a_zst_file_is_refused_with_what_to_install(shop, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda module, *rest: None if module == "zstandard" else find(module, *rest))
    with pytest.raises(SourceError, match="need the extra zst") as caught:
        shop.open(shop.write(zstandard.compress(FIRST), "my tasks.csv.zst"))
    assert caught.value.next_step == "pip install 'lightfield-etl[zst]', or unpack it: zstd -d 'my tasks.csv.zst'"


def test_a_workbook_may_be_packed(shop, rows):
    import xlsxwriter

    with xlsxwriter.Workbook(Path(shop.folder) / "t.xlsx") as book:
        page = book.add_worksheet()
        page.write_row(0, 0, ["Id", "T"])
        page.write_row(1, 0, ["1", "a"])
    packed = gzip.compress((shop.folder / "t.xlsx").read_bytes())
    assert rows(shop.open(shop.write(packed, "p.xlsx.gz"))) == [("1", "a")]
