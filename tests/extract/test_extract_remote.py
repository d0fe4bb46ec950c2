"""Input behind an address: fetched once, and never with its secrets shown."""

import gzip
import os
import socket
import threading
import warnings
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import polars as pl
import pytest

from etl.config.addresses import shown_address
from etl.errors import SourceError
from etl.extract.remote import download

DATA = b'Id,T\r\n1,"a\r\nb"\r\n\r\n2,c\n'
SECRET = "X-Amz-Signature=s3cr3t&Expires=60"


class Shelf(BaseHTTPRequestHandler):
    """Serves ``server.shelf`` as an object store does, ranges included."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._answer(whole=True)

    def do_HEAD(self):
        self._answer(whole=False)

    def _answer(self, *, whole):
        path = self.path.partition("?")[0]
        status, headers, content = self.server.shelf.get(path, (404, {}, b"no such thing"))
        if self.server.before.get(path):
            status, headers, content = self.server.before[path].pop(0)
        part = content
        if status == 200 and (asked := self.headers.get("Range")):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start = int(first) if first else max(0, len(content) - int(last))
            end = min(int(last), len(content) - 1) if first and last else len(content) - 1
            status, part = 206, content[start : end + 1]
            headers = {**headers, "Content-Range": f"bytes {start}-{end}/{len(content)}"}
        self.send_response(status)
        for name, value in {
            "Content-Length": str(len(part)),
            "ETag": '"1"',
            "Last-Modified": "Wed, 21 Oct 2026 07:28:00 GMT",
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if whole:
            self.wfile.write(part)
        self.close_connection = self.close_connection or headers.get("Connection") == "close"

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture(scope="module")
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Shelf) as served:
        served.shelf, served.before = {}, {}
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield served
        served.shutdown()


@pytest.fixture
def site(server):
    def put(path, content=DATA, status=200, before=(), **headers):
        server.shelf[path] = (status, headers, content)
        server.before[path] = list(before)
        return f"http://127.0.0.1:{server.server_port}{path}"

    return put


def test_a_file_behind_an_address_is_spooled_and_its_query_is_shown_nowhere(shop, rows, site):
    address = site("/export/tasks.csv")
    opened = shop.open(f"{address}?{SECRET}")
    assert opened.files[0].path == f"{address}?…"
    assert rows(opened) == rows(opened) == [("1", "a\r\nb"), ("2", "c")]
    opened.close()
    assert list(shop.scratch.iterdir()) == []


def test_what_is_packed_is_unpacked_and_the_format_told_by_the_path(shop, rows, site):
    assert rows(shop.open(f"{site('/t.csv.gz', gzip.compress(DATA))}?{SECRET}", names={"Id"}), "Id") == [("1",), ("2",)]
    pl.DataFrame({"Id": [7]}).write_parquet(shop.folder / "t.parquet")
    assert rows(shop.open(f"{site('/t.parquet', (shop.folder / 't.parquet').read_bytes())}?{SECRET}")) == [("7",)]


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (403, {}, "the server answers 403 Forbidden$"),
        (404, {}, "the server answers 404 Not Found"),
        (302, {"Location": "http://example.org/x?other=1"}, r"\(redirected\): http:// is not read"),
        (302, {"Location": "file:///etc/passwd"}, "the server answers 302 Found"),
        (200, {"Content-Length": "9999", "Connection": "close"}, r"broke off: 9,977 bytes are missing \(3 attempts\)"),
        (503, {}, r"the server answers 503 Service Unavailable \(3 attempts\)"),
    ],
)
def test_what_cannot_be_fetched_stops_the_job_without_showing_the_query(shop, site, status, headers, words):
    address = site("/bad.csv", status=status, **headers)
    with pytest.raises(SourceError, match=words) as caught:
        shop.open(f"{address}?{SECRET}")
    assert caught.value.exit_code == 2
    assert "s3cr3t" not in f"{caught.value.message}{caught.value.next_step}"
    assert "/bad.csv" in caught.value.message


def test_a_download_that_fails_is_tried_again_from_the_first_byte_after_1_and_4_seconds(shop, rows, site):
    troubles = [
        (503, {}, b"busy"),
        (200, {"Content-Length": "9999", "Connection": "close"}, DATA),
    ]
    address = site("/flaky.csv", before=troubles)
    assert rows(shop.open(address)) == [("1", "a\r\nb"), ("2", "c")]
    assert shop.slept == [1.0, 4.0]


def test_a_download_that_is_refused_is_not_tried_again(shop, site):
    with pytest.raises(SourceError, match="404 Not Found"):
        shop.open(site("/gone.csv", status=404))
    assert shop.slept == []


def test_a_server_that_refuses_the_connection_is_tried_three_times(shop):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = f"http://127.0.0.1:{gone.getsockname()[1]}/t.csv"
    with pytest.raises(SourceError, match=r"Connection refused \(3 attempts\)"):
        shop.open(address)
    assert len(shop.slept) == 2


def test_a_redirect_to_where_the_user_might_go_is_followed(shop, rows, site):
    target = site("/b.csv")
    assert len(rows(shop.open(site("/a.csv", status=302, Location=f"{target}?{SECRET}")))) == 2


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://example.org/t.csv?key=s3cr3t", "http:// is not read; https:// and s3:// are"),
        ("gs://bucket/t.csv", "gs:// is not read"),
        ("https://me:s3cr3t@example.org/t.csv", "user and password stand in the address"),
        ("https://[bad/t.csv?s3cr3t", "is no address"),
    ],
)
def test_an_address_that_is_not_safe_is_refused_before_anything_is_asked(shop, address, words):
    with pytest.raises(SourceError, match=words) as caught:
        shop.open(address)
    assert "s3cr3t" not in caught.value.message


def test_a_server_that_falls_silent_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = f"http://127.0.0.1:{deaf.getsockname()[1]}/t.csv"
        with pytest.raises(SourceError, match="no answer in time"):
            download(address, address, lambda stream: stream.read(1), sleep=lambda _: None, timeout_seconds=0.1)


def test_a_download_may_not_outgrow_the_bound(shop, site, monkeypatch):
    monkeypatch.setattr("etl.extract.spool.MAX_UNPACKED_BYTES", 10)
    with pytest.raises(SourceError, match="more than 10 bytes"):
        shop.open(site("/large.csv"))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("https://u:p@h/t.csv?a=1#f", "https://h/t.csv?…"),
        ("https://h/t.csv", "https://h/t.csv"),
        ("what?.csv", "what?.csv"),
        ("s3://bucket/a b.csv", "s3://bucket/a b.csv"),
    ],
)
def test_an_address_is_shown_without_what_opens_it(name, shown):
    assert shown_address(name) == shown


@contextmanager
def bucket_of(server, monkeypatch):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "s3cr3t",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(name, value)
    yield


def test_parquet_and_text_are_read_from_a_bucket(shop, rows, site, server, monkeypatch):
    pl.DataFrame({"Id": [7], "at": [{"x": 1.5}]}).write_parquet(shop.folder / "t.parquet")
    site("/bucket/t.parquet", (shop.folder / "t.parquet").read_bytes())
    site("/bucket/t.csv", b"\xef\xbb\xbf" + DATA)
    with bucket_of(server, monkeypatch):
        assert rows(shop.open("s3://bucket/t.parquet")) == [("7", "1.5")]
        assert rows(shop.open("s3://bucket/t.csv")) == [("1", "a\nb"), ("2", "c")]


def test_that_no_region_is_set_is_no_matter_where_the_object_comes(shop, rows, site, server, monkeypatch):
    def guessing(*args, **options):
        warnings.warn("'(default_)region' not set; polars will try to get it from bucket", UserWarning, stacklevel=2)
        return scan_lines(*args, **options)

    scan_lines = pl.scan_lines
    monkeypatch.setattr(pl, "scan_lines", guessing)
    site("/bucket/t.csv", DATA)
    with bucket_of(server, monkeypatch):
        assert rows(shop.open("s3://bucket/t.csv")) == [("1", "a\nb"), ("2", "c")]


@pytest.mark.parametrize(
    ("key", "words"),
    [("none.csv", "there is no such object"), ("latin.csv", "is not UTF-8 text"), ("t.zip", ".zip is not read from s3://")],
)
def test_what_a_bucket_does_not_give_stops_the_job_with_what_to_do(shop, site, server, monkeypatch, key, words):
    site("/bucket/latin.csv", b"Id,T\n1,caf\xe9\n")
    with bucket_of(server, monkeypatch), pytest.raises(SourceError, match=words) as caught:
        shop.open(f"s3://bucket/{key}")
    assert caught.value.next_step
    assert os.environ["AWS_SECRET_ACCESS_KEY"] not in caught.value.message
