"""Whole runs from what is no plain CSV: backups, typed and nested files, addresses; and failures of these mended."""

import datetime as dt
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import polars as pl
import pytest

SECRET = "X-Amz-Signature=0f3b9c"
NESTED = {
    "source": {"key": "Id"},
    "map": {
        "$title": "Title",
        "$status": {"column": "state.word", "values": {"Open": "TODO"}},
        "$dueAt": {"column": "Due"},
        "$assignedTo": {"column": "owners[0].email", "lookup": "member.email"},
    },
}


def nested_rows():
    due = dt.datetime(2026, 5, 4, 3, 2, 1, tzinfo=dt.UTC)
    good = {"Id": 12345678901234567, "Title": "fine", "state": {"word": "Open"}, "owners": [{"email": "sam@acme.example"}], "Due": due}
    return [good, {**good, "Id": 2, "Title": "bad", "state": {"word": "Opne"}, "owners": [{"email": "nobody@x.com"}, {"email": "b"}]}]


def write_parquet(desk):
    pl.DataFrame(nested_rows()).write_parquet(desk.folder / "tasks.parquet")
    return desk.folder / "tasks.parquet"


def write_ndjson(desk):
    return desk.write("tasks.ndjson", "".join(json.dumps(row, default=str) + "\n" for row in nested_rows()))


@pytest.mark.parametrize("write", [write_parquet, write_ndjson])
def test_failures_of_a_nested_file_are_mended_in_a_spreadsheet_and_given_back(desk, write):
    config = desk.config(**NESTED)
    ended = desk("run", config, write(desk))
    assert ended.actions() == ["created", "rejected"]
    (failed,) = ended.failures
    assert failed["owners"] == '[{"email":"nobody@x.com"},{"email":"b"}]'
    text = (ended.folder / "failures.csv").read_text(encoding="utf-8-sig")
    mended = text.replace(",Opne,", ",Open,").replace(",nobody@x.com,", ",sam@acme.example,")
    assert desk("run", config, desk.write("mended.csv", mended)).counts == {"created": 1}
    assert desk.titles == ["bad", "fine"]
    assert desk.task("bad").fields["$dueAt"] == desk.task("fine").fields["$dueAt"]
    assert (
        desk("run", config, desk.folder / "tasks.parquet" if write is write_parquet else desk.folder / "tasks.ndjson").counts.get("created")
        is None
    )


@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize("name", ["*", "^T.*$"])
def test_a_column_whose_name_could_be_taken_for_a_pattern_is_a_column_like_any_other(desk, make_row, name, html):
    source = desk.csv([[*make_row(1), "x"], [*make_row(2), ""]], columns=["Id", "Title", "Status", "Due", "Owner", name])
    mapping = {"$title": name, "$description": {"column": name, "html": html}}
    ended = desk("run", desk.config(map=mapping), source)
    assert ended.actions() == ["created", "rejected"]
    assert [failed[name] for failed in ended.failures] == [""]
    assert desk.titles == ["x"]


def test_a_template_and_a_key_of_the_content_take_such_columns_too(desk, make_row):
    source = desk.csv([[*make_row(1), "x"]], columns=["Id", "Title", "Status", "Due", "Owner", "*"])
    assert desk("run", desk.config(source={"key": "content"}, map={"$title": {"template": "{*}!"}}), source).code == 0
    assert desk.titles == ["x!"]


def test_a_backup_is_run_with_the_side_file_in_it(desk):
    with zipfile.ZipFile(desk.folder / "backup.zip", "w") as archive:
        archive.writestr("Account.csv", "Id,Name\n1,Acme\n")
        archive.writestr("User.csv", "Id,Email\n0051,sam@acme.example\n")
        archive.writestr("Task_001.csv", "Id,Title,Status,Due,Owner\n1,one,Open,,0051\n")
        archive.writestr("Task_002.csv", "Id,Title,Status,Due,Owner\n2,two,Done,,0051\n1,one,Open,,0051\n")
    owner = {"column": "Owner", "values": {"file": "User.csv", "from": "Id", "to": "Email"}, "lookup": "member.email"}
    ended = desk("run", desk.config(map={"$assignedTo": owner}), desk.folder / "backup.zip")
    assert ended.actions() == ["created", "created", "duplicate"]
    assert [line["file"].rpartition("/")[2] for line in ended.results] == ["Task_001.csv", "Task_002.csv", "Task_002.csv"]
    assert [task.relationships["$assignedTo"] for task in desk.sandbox.tasks] == [[desk.member("sam@acme.example")]] * 2


class OneFile(BaseHTTPRequestHandler):
    """Serves the same CSV for every path, but not for long."""

    def do_GET(self):
        content = b"Id,Title,Status,Due,Owner\n1,one,Open,,sam@acme.example\n2,two,Opne,,sam@acme.example\n"
        self.send_response(200 if "gone" not in self.path else 403)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Quiet."""


def test_the_query_of_an_address_stands_in_nothing_that_is_said_or_written(desk):
    with ThreadingHTTPServer(("127.0.0.1", 0), OneFile) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        host = f"http://127.0.0.1:{served.server_port}"
        config = desk.config()
        ended = desk("run", config, f"{host}/tasks.csv?{SECRET}")
        refused = desk("run", config, f"{host}/gone.csv?{SECRET}")
        served.shutdown()
    assert ended.actions() == ["created", "rejected"]
    assert {line["file"] for line in ended.results} == {f"{host}/tasks.csv?…"}
    assert (refused.code, refused.summary["reason"]) == (2, "source")
    assert SECRET not in ended.stderr + ended.stdout + refused.stderr + refused.stdout
    assert [path for path in desk.folder.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()] == []


def test_a_subitem_of_a_board_is_refused_with_what_to_do(desk):
    board = "Board\nOpen\nTitle,Id,Status,Due,Owner\na,1,Open,,sam@acme.example\nSubitems,Title,Owner,Status,Id\n,b,Sam,Open,2\n"
    ended = desk("run", desk.config(), desk.write("board.csv", board))
    assert ended.actions() == ["created", "rejected"]
    assert [(line["_row"], line["_error_code"]) for line in ended.failures] == [("6", "subitem")]
    assert "not read, as no rows of the table: 1 subitem header; rows 5; the 1 row" in ended.stderr
