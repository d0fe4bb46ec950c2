"""Do the receipt's numbers add up, and is receipt.html one file that opens anywhere and runs nothing?"""

from __future__ import annotations

import json
import stat
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from etl.records import AT_FAULT, IS_A_TASK, RowClass
from etl.report.receipt import Receipt, ReceiptFile, ReceiptRun, write_receipt
from etl.report.receipt_page import receipt_text, write_receipt_page
from etl.report.summary import ConfigSummary, VersionSummary, WorkspaceSummary
from etl.report.tally import faults_sentence, tally_sentence, tasks_sentence
from etl.report.verified import EXAMPLES, VERIFIED_COLUMNS, VerifiedFile, VerifiedLine, value_text

ATTACKS = ("</td></table><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "' onmouseover='alert(1)")
HARMLESS_TAGS = {"html", "head", "meta", "title", "style", "body", "header", "p", "bdi", "h1", "h2", "b", "dl", "dt", "dd", "a"}
HARMLESS_TAGS |= {"table", "thead", "tbody", "tr", "th", "td"}
NINE_ROWS = (ReceiptFile(path="a.csv", sha256="", bytes=1, rows=9),)


class Parsed(HTMLParser):
    """What a browser would find."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def receipt(make, text="x", **changes):
    classes = changes.pop("classes", {RowClass.EQUAL: 3, RowClass.DIFFERS: 1})
    rows = changes.pop("rows", sum(classes.values()))
    run = ReceiptRun(run_id=text, command=text, started_at=make.noon, finished_at=None, status=None, counts={text: 3})
    told = {
        "run_id": text,
        "name": text,
        "verified_at": make.noon,
        "as_of": make.noon,
        "looked_by": "list",
        "classes": classes,
        "rows": rows,
        "files": (ReceiptFile(path=text, sha256="a" * 64, bytes=10, rows=rows),),
        "config": ConfigSummary(path=text, sha256="b" * 64),
        "workspace": WorkspaceSummary(key_last_four="1234", origin="https://crm.test", domains=(text,), members=2),
        "first_run_at": make.noon,
        "last_run_at": make.noon,
        "runs_total": 80,
        "runs": (run,),
        "ledger": text,
        "versions": VersionSummary(lightfield_etl="0.1.0", python="3.11.9", polars="2.1.0", httpx="0.28.1"),
        "user": text,
        "host": text,
    }
    return Receipt(**{**told, **changes})


def line(text="x", **changes):
    cells = dict.fromkeys(("file", "source_key", "task_id", "field", "written", "source", "lightfield", "message"), text)
    return VerifiedLine(**{"row": 2, "row_class": "differs", "url": "https://crm.test/1", **cells, **changes})


def test_the_sum_is_one_sentence():
    tasks = {RowClass.EQUAL: 7_890, RowClass.EDITED: 10, RowClass.DIFFERS: 2}
    classes = {**tasks, RowClass.EXCLUDED: 198, RowClass.DUPLICATE: 20, RowClass.FAILED: 3}
    assert tally_sentence(classes) == "8,123 rows = 7,902 tasks + 198 excluded + 20 duplicates + 3 failed"
    assert tasks_sentence(classes) == "of the tasks, 7,890 say what the source says, 10 were edited by people since, 2 differ"
    assert faults_sentence(classes) == "5 rows need a person: 2 differ, 3 failed"


@given(st.dictionaries(st.sampled_from(RowClass), st.integers(0, 10**7)))
def test_the_numbers_of_the_sentence_add_up(classes):
    rows, _, parts = tally_sentence(classes).replace(",", "").partition(" = ")
    assert int(rows.split()[0]) == sum(int(part.split()[0]) for part in parts.split(" + ")) == sum(classes.values())
    assert int(parts.split()[0]) == sum(classes.get(each, 0) for each in IS_A_TASK)
    assert (faults_sentence(classes) is None) == (not any(classes.get(each) for each in AT_FAULT))


def test_a_receipt_whose_numbers_do_not_add_up_cannot_be_made(make):
    with pytest.raises(ValidationError, match="add up to 4"):
        receipt(make, rows=5)
    with pytest.raises(ValidationError, match="the files hold 9"):
        receipt(make, files=NINE_ROWS)
    assert receipt(make, of_run="run", files=NINE_ROWS).rows == 4


def test_receipt_json_is_private_and_names_every_class(make, folder):
    write_receipt(folder, receipt(make))
    assert stat.S_IMODE(folder.receipt.stat().st_mode) == 0o600
    told = json.loads(folder.receipt.read_text())
    assert list(told["classes"]) == [each.value for each in RowClass]
    assert (told["sentence"], told["agrees"]) == ("4 rows = 4 tasks", False)
    assert "no signature" in told["note"]


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_that_comes_from_outside_acts_in_the_page(make, text):
    page = Parsed(receipt_text(receipt(make, text), [line(text), line(text, url="javascript:alert(1)")], lines_total=2))
    assert {tag for tag, _ in page.tags} <= HARMLESS_TAGS
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert [attributes["href"] for tag, attributes in page.tags if tag == "a"] == ["https://crm.test/1"]
    assert " ".join(text.split()) in page.text


def test_the_page_stands_alone_and_tells_what_the_receipt_holds(make, folder):
    found = receipt(make, "rows.csv", tasks_of_other_rows=12, of_run="RUN-1")
    write_receipt_page(folder, found, [line()], lines_total=7_000)
    assert stat.S_IMODE(folder.receipt_page.stat().st_mode) == 0o600
    page = Parsed(folder.receipt_page.read_text(encoding="utf-8"))
    policy = next(attributes["content"] for _, attributes in page.tags if attributes.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")
    assert "script" not in policy
    for told in ("4 rows = 4 tasks", "a" * 64, "key ending in 1234", "12 of this import", "RUN-1", "of 7,000", "of 80", found.note):
        assert told in page.text


def test_verify_csv_can_be_opened_in_a_spreadsheet_and_is_only_there_when_it_has_a_line(folder, read):
    file = VerifiedFile(folder)
    file.add([])
    assert not folder.verified.exists()
    file.add([line("=1+1", url=None, written=None, source="two\nlines", message="\ud800")])
    file.add([line()] * EXAMPLES)
    file.end()
    assert folder.verified.read_bytes().startswith(b"\xef\xbb\xbf" + ",".join(VERIFIED_COLUMNS).encode() + b"\n2,")
    first = read(folder.verified)[0]
    assert (first["file"], first["written"], first["source"], first["message"]) == ("'=1+1", "", "two\nlines", "?")
    assert (len(file.examples), file.total) == (EXAMPLES, EXAMPLES + 1)


def test_a_value_is_a_cell():
    assert [value_text(value) for value in (None, "a", ["a", "b"], 3)] == [None, "a", "a;b", "3"]
