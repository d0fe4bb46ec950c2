"""Is report.html one file that opens anywhere, tells everything, and runs nothing but its own search?"""

from __future__ import annotations

import base64
import hashlib
import stat
from html.parser import HTMLParser

import pytest

from etl.records import Action
from etl.report.attention import AttentionRow
from etl.report.page import page_text, write_page
from etl.report.problems import ProblemExample, ProblemKind
from etl.report.summary import ConfigSummary, DataSummary, LoadSummary, WorkspaceSummary

ATTACKS = (
    "</td></table><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "</script><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
)


class Parsed(HTMLParser):
    """What a browser would find: tags with their attributes, and the text between them."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts, self.scripts, self._open = [], [], [], None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open = tag

    def handle_endtag(self, tag):
        self._open = None

    def handle_data(self, data):
        (self.scripts if self._open == "script" else self.texts).append(data)

    def attributes(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def row(text="x", **changes):
    texts = {"file": text, "source_key": text, "action": "rejected", "code": text, "field": text, "message": text, "url": ""}
    return AttentionRow(2, **{**texts, **changes})


@pytest.fixture
def page(make):
    def parsed(*, kinds=(), attention=(), exit_code=1, **changes):
        return Parsed(page_text(make.summary(exit_code, **changes), kinds=kinds, attention=attention))

    return parsed


@pytest.fixture
def full(page):
    """A page in which every text that may come from outside is the given one."""

    def parsed(text):
        return page(
            name=text,
            command=text,
            run_id=text,
            message=text,
            next_command=text,
            user=text,
            host=text,
            ledger=text,
            config=ConfigSummary(path=text, sha256=text),
            data=(DataSummary(path=text, sha256=text, bytes=1, rows=1, encoding=text, delimiter=text, notes=(text,)),),
            workspace=WorkspaceSummary(members=None, domains=(text,), key_last_four="9f3a", origin=text),
            counts={Action.REJECTED: 1},
            load=LoadSummary(requests=1),
            kinds=(ProblemKind(text, text, 1, (ProblemExample(2, text, text, text),), ((text, 1),), 1),),
            attention=(row(text), row(text, url="https://crm.test/" + text), row(text, url="javascript:alert(1)")),
        )

    return parsed


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_cells_add_no_tag_and_no_attribute(full, attack):
    hostile, tame = full(attack), full("tame")
    assert [(tag, sorted(attributes)) for tag, attributes in hostile.tags] == [(tag, sorted(attributes)) for tag, attributes in tame.tags]
    assert hostile.scripts == tame.scripts
    assert attack in " ".join(hostile.texts)


def test_the_content_policy_allows_its_own_script_alone(full):
    parsed = full("x")
    (policy,) = [meta["content"] for meta in parsed.attributes("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    (script,) = parsed.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{digest}';" in policy
    assert "http" not in policy


def test_nothing_is_fetched_from_anywhere(full):
    parsed = full("x")
    assert {tag for tag, _ in parsed.tags}.isdisjoint({"link", "img", "iframe", "object", "embed", "form", "base"})
    assert not any("src" in attributes for _, attributes in parsed.tags)


def test_only_https_addresses_become_links(full):
    assert [link["href"] for link in full("x").attributes("a")] == ["https://crm.test/x"]


def test_it_says_what_happened_and_what_to_do_next(page):
    text = page(counts={Action.CREATED: 8000, Action.REJECTED: 20}, next_command="lightfield-etl run a.yaml failures.csv").text
    assert "finished: 8,020 rows in 5 min 00 s; 20 rows need a person" in text
    assert "8,000 created new tasks" in text
    assert "20 rejected refused before sending: mend the source" in text
    assert "Next: lightfield-etl run a.yaml failures.csv" in text


def test_problems_are_grouped_with_examples_and_frequent_values(page):
    kind = ProblemKind(
        "unknown_value", "$assignedTo", 1204, (ProblemExample(7, "a.csv", "sam@old.com", "give unknown:"),), (("sam@old.com", 400),), 44
    )
    text = page(kinds=(kind,)).text
    assert "unknown_value · $assignedTo · 1,204 rows" in text
    assert "7 sam@old.com give unknown:" in text
    assert "sam@old.com (400)" in text
    assert "and 34 more values" in text


def test_rows_that_need_a_person_can_be_searched_and_say_when_they_are_not_all(page):
    parsed = page(attention=(row("x"),), counts={Action.REJECTED: 3000})
    assert parsed.attributes("input")[0]["type"] == "search"
    assert "The first 1 of 3,000; all are in failures.csv." in parsed.text


def test_a_run_without_failures_has_neither_search_nor_problems(page):
    parsed = page(exit_code=0, counts={Action.UNCHANGED: 3})
    assert parsed.attributes("input") == []
    assert "Problems by cause" not in parsed.text


def test_control_characters_are_seen_and_lines_of_a_message_stay(full):
    texts = "".join(full("a\x1b\u202eb\nc").texts)
    assert "a␛<U+202E>b⏎c" in texts
    assert "a␛<U+202E>b\nc" in texts


def test_settings_versions_and_the_key_s_last_four_are_told(full):
    text = full("x").text
    assert "key ending in 9f3a" in text
    assert "lightfield-etl 0.1.0, Python 3.11.9, polars 2.1.0, httpx 0.28.1" in text


def test_it_is_written_privately(make, folder):
    write_page(folder, make.summary(), kinds=(), attention=())
    assert stat.S_IMODE(folder.page.stat().st_mode) == 0o600
    assert folder.written() == (folder.page,)
