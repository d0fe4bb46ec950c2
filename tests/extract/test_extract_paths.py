"""Which files are read, packed and piped ones included."""

import gzip
import hashlib
import io
import os
import stat
import threading

import pytest

from etl.errors import SourceError
from etl.extract.paths import find_files

DATA = "Id,T\n1,a\n"


def test_a_glob_is_read_in_natural_order_and_each_file_once(shop, rows):
    for number in (10, 9, 1):
        shop.write(f"Id\n{number}\n", f"t-{number}.csv")
    opened = shop.open("t-9.csv", "t-*.csv", "./t-1.csv")
    assert [file.path for file in opened.files] == ["t-9.csv", "t-1.csv", "t-10.csv"]
    assert [file.index for file in opened.files] == [0, 1, 2]
    assert rows(opened) == [("9",), ("1",), ("10",)]


def test_a_name_with_glob_characters_that_exists_is_that_file(shop, rows):
    shop.write("Id\nother\n", "t1.csv")
    assert rows(shop.open(shop.write(DATA, "t[1].csv"))) == [("1", "a")]


def test_a_missing_file_is_named_with_the_nearest_that_exists(shop):
    shop.write(DATA, "tasks-2026.csv")
    with pytest.raises(SourceError, match=r"no such file; did you mean tasks-2026\.csv"):
        shop.open("task-2026.csv")


def test_a_name_that_is_not_utf8_is_refused_with_another_way(shop):
    """No report could name it, and polars does not open it."""
    name = os.fsdecode(b"t\xff.csv")
    shop.write(DATA, name)
    for pattern in (name, "*.csv"):
        with pytest.raises(SourceError, match="is not UTF-8") as caught:
            shop.open(pattern)
        assert "run CONFIG - < FILE" in caught.value.next_step


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("x\0.csv", "no such file"),
        ("~nobody-knows/t.csv", "no such file"),
        ("x*.csv", "no file fits"),
        ("sub", "is a folder"),
        ("ftp://h/k.csv", "ftp:// is not read"),
        ("no/x.csv", "not there"),
    ],
)
def test_what_names_no_file_is_refused(shop, pattern, words):
    (shop.folder / "sub").mkdir()
    with pytest.raises(SourceError, match=words):
        shop.open(pattern)


def test_no_pattern_at_all_is_refused(tmp_path):
    with pytest.raises(SourceError, match="no input"):
        find_files((), tmp_path)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="this system has no users to switch to")
def test_a_file_that_may_not_be_read_is_refused(shop):
    shop.write(DATA)
    (shop.folder / "tasks.csv").chmod(0)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        with pytest.raises(SourceError, match=r"cannot be read: Permission denied"):
            shop.open("tasks.csv")
    finally:
        if root:
            os.seteuid(0)


def test_standard_input_is_spooled_to_a_private_file_that_close_removes(shop, rows):
    opened = shop.open("-", stdin=io.BytesIO(DATA.encode()))
    copy = next(shop.scratch.iterdir())
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(shop.scratch.stat().st_mode) == 0o700
    assert rows(opened) == rows(opened) == [("1", "a")]
    assert opened.files[0].sha256 == hashlib.sha256(DATA.encode()).hexdigest()
    opened.close()
    assert list(shop.scratch.iterdir()) == []


def test_a_named_pipe_is_spooled_too(shop, rows):
    pipe = shop.folder / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(DATA,))
    writer.start()
    assert rows(shop.open("pipe")) == [("1", "a")]
    writer.join()


def test_what_is_piped_in_packed_is_unpacked_too(shop, rows):
    assert rows(shop.open("-", stdin=io.BytesIO(gzip.compress(DATA.encode())))) == [("1", "a")]


def test_gz_is_unpacked_and_its_digest_is_that_of_the_file_on_disk(shop, rows):
    packed = gzip.compress(DATA.replace(",", "\t").encode())
    opened = shop.open(shop.write(packed, "t.tsv.gz"))
    assert rows(opened) == [("1", "a")]
    assert opened.files[0].sha256 == hashlib.sha256(packed).hexdigest()


@pytest.mark.parametrize("damage", [lambda packed: packed[:-12], lambda packed: b"PK" + packed])
def test_a_damaged_gz_is_refused_and_leaves_no_copy(shop, damage):
    with pytest.raises(SourceError, match="damaged or cut off"):
        shop.open(shop.write(damage(gzip.compress(os.urandom(5000))), "t.csv.gz"))
    assert list(shop.scratch.iterdir()) == []


def test_a_packed_file_may_not_outgrow_the_bound(shop, monkeypatch):
    monkeypatch.setattr("etl.extract.spool.MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(SourceError, match="more than 1,000 bytes when unpacked"):
        shop.open(shop.write(gzip.compress(b"x" * 5000), "t.csv.gz"))


@pytest.mark.parametrize(
    ("head", "words"), [(b"PK\x03\x04x", "Excel workbook"), (b"\xd0\xcf\x11\xe0", "Excel workbook"), (b"PAR1", "Parquet")]
)
def test_a_csv_that_is_something_else_is_called_by_its_name(shop, head, words):
    with pytest.raises(SourceError, match=words):
        shop.open_text(head + b"\0" * 50)
