"""Which tables of a .zip are the tasks."""

import io
import zipfile

import polars as pl
import pytest

from etl.errors import SourceError
from etl.frames import ROW

TASK = "Id,Subject,Status,OwnerId\n00T1,Call,Open,0051\n"
NAMES = {"Id", "Subject", "Status", "OwnerId"}


def packed(shop, members, name="backup.zip", compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(shop.folder / name, "w", compression) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return name


def test_the_tasks_of_a_backup_are_the_table_with_the_key_and_the_most_columns_of_the_config(shop, rows):
    buffer = io.BytesIO()
    pl.DataFrame({"Id": ["1"], "Subject": ["x"]}).write_parquet(buffer)
    members = {
        "Account.csv": "Id,Name\n001,Acme\n",
        "Event.csv": "Id,Subject,OwnerId\n00U,Lunch,0051\n",
        "deep/er/Task.csv": TASK,
        "TaskRelation.csv": "TaskId,RelationId\n1,2\n",
        "other.parquet": buffer.getvalue(),
        "__MACOSX/deep/._Task.csv": "Id,Subject,Status,OwnerId,More\n",
        "read me.md": "hello",
    }
    opened = shop.open(packed(shop, members), names=NAMES)
    assert [file.path for file in opened.files] == ["backup.zip/deep/er/Task.csv"]
    assert rows(opened) == [("00T1", "Call", "Open", "0051")]
    assert len(list(shop.scratch.iterdir())) == 1, "nothing else is left unpacked"


def test_pitfall_15_members_of_one_header_are_parts_of_one_table_in_the_order_of_their_names(shop, rows):
    header = "Id,Subject\n"
    members = {f"Tasks_{part:03}.csv": f"{header}{part},t\n" for part in (10, 2, 1)} | {"Leads_001.csv": "Id,Company\n9,x\n"}
    opened = shop.open(packed(shop, members), names={"Id", "Subject"})
    assert [file.path for file in opened.files] == [f"backup.zip/Tasks_{part}.csv" for part in ("001", "002", "010")]
    assert rows(opened, ROW, "Id") == [(2, "1"), (2, "2"), (2, "10")]


def test_one_table_alone_is_taken_whatever_its_header(shop, rows):
    assert rows(shop.open(packed(shop, {"x/t.csv": "A;B\n1;2\n", "notes.pdf": "%PDF"}))) == [("1", "2")]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (
            {"a.csv": "Id,Subject\n1,x\n", "b.csv": "Subject,Id\nx,1\n", "c.csv": "Id\n1\n"},
            r"several tables in it could be the tasks: a.csv, b.csv",
        ),
        (
            {"a.csv": "Ids,Subject\n", "b.csv": "Name\n"},
            r"none of its 2 tables has the source key Id; the nearest column is Ids; they are: a.csv",
        ),
        ({"a.pdf": "x", "b/c.docx": "y"}, r"there is no table in it, but: a.pdf, b/c.docx"),
        ({}, r"there is no table in it, but: nothing"),
    ],
)
def test_what_leaves_a_doubt_stops_with_what_was_found(shop, members, words):
    with pytest.raises(SourceError, match=words):
        shop.open(packed(shop, members), names={"Id", "Subject"})


def test_a_key_part_may_be_found_under_any_of_its_aliases(shop, rows):
    members = {"a.csv": "hs_object_id,Title\n7,x\n", "b.csv": "Name,Title\nn,x\n"}
    opened = shop.open(packed(shop, members), names={"Record ID", "hs_object_id", "Title"}, key=[["Record ID", "hs_object_id"]])
    assert rows(opened) == [("7", "x")]


def test_a_member_s_path_never_reaches_the_disk(shop, rows):
    opened = shop.open(packed(shop, {"../../evil.csv": TASK, "/etc/evil.csv": TASK}), names=NAMES)
    assert len(rows(opened)) == 2
    assert {path.name for path in shop.folder.iterdir()} == {"backup.zip"}
    assert not list(shop.folder.parent.glob("evil*"))
    assert all(path.name.startswith("input-") for path in shop.scratch.iterdir())


def test_a_bomb_is_refused_before_anything_is_written(shop, monkeypatch):
    monkeypatch.setattr("etl.extract.spool._HARMLESS_BYTES", 1 << 20)
    name = packed(shop, {"Task.csv": "Id\n" + "0\n" * 3_000_000})
    with pytest.raises(SourceError, match=r"backup.zip/Task.csv: more than 1,\d+,\d+ bytes when unpacked"):
        shop.open(name)
    assert list(shop.scratch.iterdir()) == []


def test_a_member_that_is_longer_than_announced_is_refused(shop):
    name = packed(shop, {"Task.csv": TASK * 10_000}, compression=zipfile.ZIP_STORED)
    content = (shop.folder / name).read_bytes()
    size = len(TASK * 10_000).to_bytes(4, "little")
    (shop.folder / name).write_bytes(content.replace(size, (1000).to_bytes(4, "little")))
    with pytest.raises(SourceError, match=r"damaged or cut off|cannot be unpacked"):
        shop.open(name)


def test_a_protected_member_is_refused_with_what_to_do(shop):
    name = packed(shop, {"Task.csv": TASK})
    content = bytearray((shop.folder / name).read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (shop.folder / name).write_bytes(content)
    with pytest.raises(SourceError, match=r"backup.zip/Task.csv: is protected with a password") as caught:
        shop.open(name)
    assert "unpack it with the password" in caught.value.next_step


def test_what_is_no_archive_is_refused(shop):
    with pytest.raises(SourceError, match=r"t.zip: cannot be unpacked"):
        shop.open(shop.write(b"PK\x03\x04 and no more", "t.zip"))


def test_an_archive_may_be_piped_in(shop, rows):
    content = (shop.folder / packed(shop, {"Task.csv": TASK, "Account.csv": "Id\n1\n"})).read_bytes()
    opened = shop.open("-", names=NAMES, stdin=io.BytesIO(content))
    assert [file.path for file in opened.files] == ["-/Task.csv"]
