"""Typed columns become text and keep their meaning."""

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from etl.errors import SourceError
from etl.frames import ROW

MOMENT = dt.datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001  one without a zone is the point
IN_NEW_YORK = dt.datetime(2026, 1, 2, 3, 4, 5, 250_000, tzinfo=ZoneInfo("America/New_York"))
AUTHOR = pl.Struct({"name": pl.String, "age": pl.Int64})


@pytest.mark.parametrize(
    ("value", "dtype", "text"),
    [
        ("007", pl.String, "007"),
        ("", pl.String, None),
        (None, pl.Null, None),
        (1234567890123456789, pl.Int64, "1234567890123456789"),
        (2**64 - 1, pl.UInt64, "18446744073709551615"),
        (3.0, pl.Float64, "3"),
        (-0.1, pl.Float64, "-0.1"),
        (0.1, pl.Float32, "0.1"),
        (1234567890123456.0, pl.Float64, "1234567890123456"),
        (float("nan"), pl.Float64, None),
        (Decimal("12.50"), pl.Decimal(10, 2), "12.50"),
        (True, pl.Boolean, "true"),
        (dt.date(2026, 1, 2), pl.Date, "2026-01-02"),
        (MOMENT, pl.Datetime("us"), "2026-01-02T03:04:05"),
        (MOMENT.replace(microsecond=678), pl.Datetime("us"), "2026-01-02T03:04:05.000678"),
        (MOMENT.replace(tzinfo=dt.UTC), pl.Datetime("ms", "UTC"), "2026-01-02T03:04:05+00:00"),
        (IN_NEW_YORK, pl.Datetime("us", "America/New_York"), "2026-01-02T03:04:05.250-05:00"),
        (dt.time(17, 0), pl.Time, "17:00:00"),
        ("HIGH", pl.Categorical, "HIGH"),
        ("LOW", pl.Enum(["LOW", "HIGH"]), "LOW"),
        (["a", "b"], pl.List(pl.String), "a;b"),
        ([1.0, 2.5], pl.List(pl.Float64), "1;2.5"),
        ([], pl.List(pl.String), None),
        (b"caf\xc3\xa9", pl.Binary, "café"),
        (b"\xff\x00", pl.Binary, "ff00"),
        ([[1, 2], [3]], pl.List(pl.List(pl.Int64)), "[[1,2],[3]]"),
        (["a", "b"], pl.Array(pl.String, 2), "a;b"),
        ([True, None, False], pl.List(pl.Boolean), "true;false"),
    ],
)
def test_a_parquet_value_is_written_as_people_write_it(shop, rows, value, dtype, text):
    pl.DataFrame({"Id": ["1"], "v": [value]}, schema={"Id": pl.String, "v": dtype}).write_parquet(shop.folder / "t.parquet")
    assert rows(shop.open("t.parquet"), ROW, "Id", "v") == [(1, "1", text)]


def test_a_struct_becomes_a_column_for_each_of_its_fields(shop, rows):
    frame = pl.DataFrame({"Id": [1, 2], "by": [{"name": "A", "age": 3}, None]}, schema={"Id": pl.Int32, "by": AUTHOR})
    frame.write_parquet(shop.folder / "t.parquet")
    opened = shop.open("t.parquet")
    file = opened.files[0]
    assert (file.columns, file.first_row, file.delimiter, file.encoding) == (("Id", "by.name", "by.age"), 1, None, None)
    assert rows(opened) == [("1", "A", "3"), ("2", None, None)]


def test_a_list_of_structs_becomes_json_and_a_column_for_each_field_of_its_first_member(shop, rows):
    people = [[{"name": "A", "age": 1}, {"name": "B;", "age": None}], [], None]
    pl.DataFrame({"Id": [1, 2, 3], "by": people}, schema={"Id": pl.Int32, "by": pl.List(AUTHOR)}).write_parquet(shop.folder / "t.parquet")
    opened = shop.open("t.parquet")
    assert opened.files[0].columns == ("Id", "by", "by[0].name", "by[0].age")
    json = '[{"name":"A","age":1},{"name":"B;","age":null}]'
    assert rows(opened) == [("1", json, "A", "1"), ("2", "[]", None, None), ("3", None, None, None)]


def test_a_column_that_is_itself_called_like_a_path_wins(shop, rows):
    frame = pl.DataFrame({"owner": [{"email": "path"}], "owner.email": ["own"]})
    frame.write_parquet(shop.folder / "t.parquet")
    opened = shop.open("t.parquet", names={"owner.email"})
    assert opened.files[0].columns == ("owner.email_2", "owner.email")
    assert rows(opened, "owner.email") == [("own",)]
    assert any("owner.email is called owner.email_2" in note for note in opened.files[0].notes)


def test_bytes_that_the_config_asks_for_are_refused_and_others_are_hex(shop, rows):
    pl.DataFrame({"Id": ["1"], "blob": [b"\xff\x00"]}).write_parquet(shop.folder / "t.parquet")
    assert rows(shop.open("t.parquet", names={"Id"})) == [("1", "ff00")]
    with pytest.raises(SourceError, match="column 'blob' holds bytes, not text"):
        shop.open("t.parquet", names={"Blob"})


@pytest.mark.parametrize("at_once", [4_999, 125_000])
def test_parquet_rows_come_in_order_and_blank_ones_count(shop, rows, monkeypatch, at_once):
    monkeypatch.setattr("etl.extract.columnar._ROWS_AT_ONCE", at_once)
    pl.DataFrame({"Id": [None if number == 1 else number for number in range(30_000)]}).write_parquet(
        shop.folder / "t.parquet", row_group_size=700
    )
    opened = shop.open("t.parquet", exclude="Id = '5'")
    assert rows(opened, ROW, "Id") == [(number + 1, str(number)) for number in range(30_000) if number != 1]


@pytest.mark.parametrize("keep", [0.5, 0.99])
def test_a_parquet_file_that_is_cut_off_is_refused(shop, keep):
    pl.DataFrame({"Id": range(5000)}).write_parquet(shop.folder / "t.parquet")
    content = (shop.folder / "t.parquet").read_bytes()
    with pytest.raises(SourceError, match="no whole Parquet file"):
        shop.open(shop.write(content[: int(len(content) * keep)], "t.parquet"))


def test_ndjson_keeps_numbers_as_they_were_written(shop, rows):
    opened = shop.open_text('{"Id":1234567890123456789012,"n":{"a":"x"},"t":["p","q"]}\n{"Id":"007","n":null,"ok":true}\n', "t.ndjson")
    assert opened.files[0].columns == ("Id", "n.a", "t", "ok")
    assert rows(opened, ROW, "Id", "n.a", "t", "ok") == [(1, "1234567890123456789012", "x", "p;q", None), (2, "007", None, None, "true")]


def test_ndjson_is_read_by_path_with_numbers_as_they_were_written_at_any_depth(shop, rows):
    first = '{"id":{"task_id":"t1","n":12345678901234567890123},"assignees":[{"type":"user","id":1},{"type":"user","id":2}]}'
    opened = shop.open_text(f'{first}\n{{"id":{{"task_id":"t2"}},"assignees":[]}}\n', "t.ndjson")
    assert rows(opened, "id.task_id", "id.n", "assignees[0].id") == [("t1", "12345678901234567890123", "1"), ("t2", None, None)]


def test_one_json_list_is_refused_with_how_to_convert_it(shop):
    with pytest.raises(SourceError, match="one JSON list") as caught:
        shop.open_text('\n[{"Id": 1}]', "t.json")
    assert "jq -c '.[]'" in caught.value.next_step


@pytest.mark.parametrize(
    ("page", "listed"),
    [
        ('{"has_more": false, "total_results": 2, "data": [{"id": "a", "text": "x"}, {"id": "b", "text": "y"}]}', "data"),
        ('{"results": [{"id": 1}], "paging": {"next": {"after": "9"}}}\n{"results": [{"id": 2}]}\n', "results"),
        ('{"@odata.context": "https://x.example/tasks", "value": [{"activityid": "a"}]}', "value"),
        ('{"totalSize": 1, "done": true, "records": [{"Id": "a", "attributes": {"type": "Task"}}]}', "records"),
        ('{"status": "ok", "request_id": "r1", "Items": [{"id": 1}]}', "Items"),
        ('{"list": [{"id": 1}], "total": 1}', "list"),
    ],
)
def test_a_saved_page_of_an_api_is_refused_with_how_to_convert_it(shop, page, listed):
    """Read as a row, all of its tasks but the first would be lost."""
    with pytest.raises(SourceError, match="a page of an API's answer") as caught:
        shop.open_text(page, "page.json")
    assert f"jq -c '.{listed}[]' FILE > tasks.ndjson" in caught.value.next_step


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ('{"id": "a", "items": [{"text": "x"}, {"text": "y"}]}', "id"),
        ('{"taskId": "a", "data": [{"text": "x"}]}', "taskId"),
        ('{"Subject": "a", "results": [{"text": "x"}]}', "Subject"),
        ('{"data": ["x", "y"]}', "data"),
        ('{"data": {"id": 1}}', "data.id"),
    ],
)
def test_a_list_within_a_record_makes_no_page_of_it(shop, line, column):
    assert column in shop.open_text(line, "t.ndjson", names=["subject"]).files[0].columns


def test_what_is_no_ndjson_is_refused(shop):
    with pytest.raises(SourceError, match="is no JSON object"):
        shop.open_text('{"Id": 1}\n{"Id": \n', "t.ndjson")
