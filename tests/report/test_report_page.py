"""Is report.html one file that tells everything, fetches nothing, and runs nothing but its own scripts?"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import product

import pytest

from etl.config.reader import read_config
from etl.records import Action, LoadCourse, RowClass
from etl.report.attention import AttentionRow
from etl.report.embedded import PLOTS, page_style, plot_licence, plot_script, plot_style
from etl.report.page import PageDetails, page_text, write_page
from etl.report.problems import ProblemExample, ProblemKind
from etl.report.summary import ConfigSummary, DataSummary, LoadSummary, ProblemSummary, WorkspaceSummary

ATTACKS = (
    "</td></table><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "</script><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
)


class Parsed(HTMLParser):
    """What a browser would find: tags with their attributes, the text between them, scripts and styles."""

    def __init__(self, html):
        super().__init__()
        self.html, self.tags, self.texts, self.scripts, self.styles, self._open = html, [], [], [], [], None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open = tag

    def handle_endtag(self, tag):
        self._open = None

    def handle_data(self, data):
        {"script": self.scripts, "style": self.styles}.get(self._open, self.texts).append(data)

    def attributes(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())

    @property
    def data(self):
        return json.loads(self.scripts[0])


def digest(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def contrast(one, other):
    """By WCAG 2: 4.5 and more can be read."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def row(text="x", **changes):
    texts = {"file": text, "source_key": text, "action": "rejected", "code": text, "field": text, "message": text, "url": ""}
    return AttentionRow(2, **{**texts, **changes})


def course(steps=4, *, step_seconds=1, limit=25.0, pace=24.95, throttled=1, retries=2):
    each = {"retries": (retries,) * steps, "throttled": (throttled,) * steps, "limit_per_second": (limit,) * steps}
    latencies = {"latency_p50_ms": (80.0,) * steps, "latency_p95_ms": (120.0,) * steps, "latency_max_ms": (130.0,) * steps}
    sent = {"requests": (26,) * steps, "written": (24,) * steps, "pace_per_second": (pace,) * steps}
    return LoadCourse(began_at=datetime(2026, 11, 22, 12, tzinfo=UTC), step_seconds=step_seconds, **each, **latencies, **sent)


@pytest.fixture
def page(make):
    def parsed(*, kinds=(), attention=(), course=None, told=None, typed=None, exit_code=1, **changes):
        return Parsed(page_text(make.summary(exit_code, **changes), PageDetails(kinds, attention, course, told, typed)))

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
            kinds=(ProblemKind(text, text, 3, (ProblemExample(2, text, text, text), ProblemExample(3, text, "b", "c")), ((text, 3),), 12),),
            remarks=(ProblemSummary(code=text, field=text, rows=1, examples=(ProblemExample(2, text, text, text),)),),
            files=("failures.csv",),
            typed=text,
            course=course(),
            attention=(row(text), row(text, url="https://crm.test/" + text), row(text, url="javascript:alert(1)")),
        )

    return parsed


@pytest.mark.parametrize("attack", ATTACKS)
def test_hostile_cells_add_no_tag_no_attribute_and_no_script(full, attack):
    hostile, tame = full(attack), full("tame")
    assert [(tag, sorted(attributes)) for tag, attributes in hostile.tags] == [(tag, sorted(attributes)) for tag, attributes in tame.tags]
    assert hostile.scripts[1:] == tame.scripts[1:]
    assert attack in " ".join(hostile.texts)
    assert attack in json.dumps(hostile.data, ensure_ascii=False).replace(r"\"", '"')


def test_rows_reach_the_script_as_data_that_ends_no_element(full):
    parsed = full("</script><!-- &amp; \u2028")
    assert not set("<>&\u2028") & set(parsed.scripts[0])
    assert parsed.data["rows"][0][1] == "</script><!-- &amp; <U+2028>"


def test_the_content_policy_allows_its_own_scripts_and_style_alone(full):
    parsed = full("x")
    (policy,) = [meta["content"] for meta in parsed.attributes("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    scripts = " ".join(digest(script) for script in parsed.scripts[1:])
    assert policy == (
        f"default-src 'none'; script-src {scripts}; style-src {digest(''.join(parsed.styles))}; base-uri 'none'; form-action 'none'"
    )


def test_no_element_has_a_handler_or_a_style_of_its_own(full):
    names = {name for _, attributes in full("x").tags for name in attributes}
    assert not [name for name in names if name.startswith("on") or name == "style"]


def test_nothing_is_fetched_from_anywhere(full):
    parsed = full("x")
    assert {tag for tag, _ in parsed.tags}.isdisjoint({"link", "img", "iframe", "object", "embed", "form", "base"})
    assert not any("src" in attributes for _, attributes in parsed.tags)
    assert "url(" not in "".join(parsed.styles)


def test_only_https_addresses_reach_the_script(full):
    assert [row[-1] for row in full("x").data["rows"]] == ["", "https://crm.test/x", ""]


def test_a_page_with_plots_stays_small_and_one_without_carries_no_plot_library(full, page):
    assert len(full("x").html.encode()) < 100_000
    bare = page(course=course(2), load=LoadSummary(requests=52))
    assert len(bare.html.encode()) < 30_000
    assert bare.data["course"] is None


def test_the_plot_library_is_the_published_one_with_its_licence(full):
    published = [
        "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
        "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    ]
    assert PLOTS == "uPlot-1.6.32"
    assert [hashlib.sha256(text.encode()).hexdigest() for text in (plot_script(), plot_style())] == published
    assert "Copyright (c) 2022 Leon Sorokin" in plot_licence()
    assert plot_licence() in full("x").html


@pytest.mark.parametrize(("scheme", "ground"), [*product((0, 1), ("paper", "panel"))])
def test_every_text_colour_is_readable_on_every_ground(scheme, ground):
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6});", page_style().splitlines()[scheme]))
    unreadable = {name for name in ("ink", "faint", "link", "good", "bad", "wait") if contrast(colours[name], colours[ground]) < 4.5}
    assert unreadable == set()


def test_it_says_what_happened_and_what_to_do_next(page):
    text = page(counts={Action.CREATED: 8000, Action.REJECTED: 20}, next_command="lightfield-etl run a.yaml failures.csv").text
    assert "Needs a person finished: 8,020 rows in 5 min 00 s; 20 rows need a person" in text
    assert "8,000 created 99.8% new tasks" in text
    assert "20 rejected 0.2% refused before sending: mend the row or the config" in text
    assert "Next: lightfield-etl run a.yaml failures.csv" in text


def test_without_a_command_it_says_how_failures_are_mended(page):
    text = page(counts={Action.CREATED: 3, Action.REJECTED: 1}, files=("failures.csv",)).text
    assert "Next: mend the row in a copy of failures.csv and run that with the same config, or mend the config" in text


@pytest.mark.parametrize(
    ("command", "action", "told"),
    [
        ("retry", Action.FAILED, "Next: look at the row in results.csv: its message says why; the same command sends again what may be"),
        ("undo", Action.CONFLICT, "Next: look at the row in results.csv: its message says why the task was left as it is"),
    ],
)
def test_a_command_that_has_no_cells_to_mend_says_where_the_reason_stands(page, command, action, told):
    assert told in page(command=command, counts={Action.UPDATED: 3, action: 1}, files=("results.csv",)).text


def test_the_bar_has_a_part_for_each_action_that_there_is_and_small_ones_are_seen(page):
    parsed = page(counts={Action.REJECTED: 1, Action.CREATED: 99_998, Action.UNCHANGED: 1})
    bar = [part for part in parsed.attributes("rect") if part["height"] == "32"]
    assert [part["class"].split()[-1] for part in bar] == ["good", "part", "bad"]
    assert sum(float(part["width"]) for part in bar) == pytest.approx(1000, abs=0.05)
    assert min(float(part["width"]) for part in bar) > 5
    assert "> 99.9% created, < 0.1% unchanged, < 0.1% rejected" in [svg.get("aria-label") for svg in parsed.attributes("svg")]


def test_a_check_tells_what_is_still_to_come(page):
    text = page(command="check", counts={Action.CREATED: 3, Action.REJECTED: 1}).text
    assert "What would become of the 4 rows 3 to create 75.0% new tasks" in text
    assert "Next: mend the row in the source, or mend the config, and check again; a run would send the rest" in text
    assert "failures.csv" not in text


def test_a_verify_tells_its_classes(page):
    text = page(classes={RowClass.EQUAL: 5, RowClass.MISSING: 1, RowClass.EDITED: 0}, message="1 row needs a person").text
    assert "What became of the 6 rows" in text
    assert "1 missing 16.7% no task, or one in the trash or deleted" in text


def test_a_sentence_that_fits_all_examples_is_said_once(page):
    examples = tuple(
        ProblemExample(row, "a.csv", f"s{row}@old.com", f"{f's{row}@old.com'!r} is nobody; give unknown:") for row in range(2, 7)
    )
    kind = ProblemKind("unknown_value", "$assignedTo", 1204, examples, (("s2@old.com", 400), ("s3@old.com", 1)), 44)
    text = page(kinds=(kind,), counts={Action.REJECTED: 2408}).text
    assert "unknown_value · $assignedTo 1,204 rows · 50.0%" in text
    assert text.count("is nobody; give unknown:") == 1
    assert "For example rows 2, 3, 4, 5, 6" in text
    assert "Most frequent: s2@old.com (400), s3@old.com (1), and 42 more values" in text


def test_examples_that_say_different_things_are_all_told(page):
    examples = (ProblemExample(7, "a.csv", "x", "one thing"), ProblemExample(8, "a.csv", None, "another"))
    text = page(kinds=(ProblemKind("refused", None, 2, examples),)).text
    assert "7 x one thing 8 another" in text


def test_what_was_sent_all_the_same_is_told_apart(page):
    remark = ProblemSummary(code="skipped_time", field="$dueAt", rows=3, examples=(ProblemExample(9, "a.csv", "02:30", "taken as 03:30"),))
    text = page(exit_code=0, counts={Action.CREATED: 3}, remarks=(remark,)).text
    assert "Sent all the same, but worth knowing skipped_time · $dueAt 3 rows taken as 03:30 For example row 9" in text


def test_rows_that_need_a_person_can_be_searched_and_say_when_they_are_not_all(page):
    parsed = page(attention=(row("x"),), counts={Action.REJECTED: 3000}, files=("failures.csv",))
    assert parsed.attributes("input")[0]["type"] == "search"
    assert "The first 1 of 3,000. failures.csv has them all, with your own columns." in parsed.text
    assert parsed.data["rows"] == [[2, "x", "x", "rejected", "x", "x", "x", ""]]


def test_a_run_without_failures_has_neither_search_nor_causes(page):
    parsed = page(exit_code=0, counts={Action.UNCHANGED: 3})
    assert parsed.attributes("input") == []
    assert "Why, by cause" not in parsed.text
    assert "Next:" not in parsed.text


def test_the_plots_are_told_in_words_too(page):
    load = LoadSummary(requests=104, retries=8, throttled_429=4, rows_per_second=24.0, limit_per_second=25.0, latency_p50_ms=80.2)
    text = page(course=course(), load=load).text
    assert "24.0 rows a second the limit is 25" in text
    assert "24.0 rows written a second on the whole, 24.0 at most; 26.0 requests sent a second; the limit is 25 writes a second" in text
    assert "half of the answers within 80 ms at worst, 95% within 120 ms" in text
    assert "8 requests repeated, 4 answers 429 (too many requests)" in text


def test_a_run_without_trouble_has_no_plot_of_it(page):
    text = page(course=course(retries=0, throttled=0), load=LoadSummary(requests=104)).text
    assert "Milliseconds to an answer" in text
    assert "Repeated requests" not in text


@pytest.mark.parametrize(
    ("limit", "pace", "drawn"), [(25.0, 24.95, (True, False)), (25.0, 8.0, (True, True)), (1000.0, 998.0, (False, False))]
)
def test_the_limit_is_drawn_where_it_is_in_sight_and_our_own_pace_where_it_is_lower(page, limit, pace, drawn):
    data = page(course=course(limit=limit, pace=pace), load=LoadSummary(requests=104)).data["course"]
    assert (data["limit"] is not None, data["pace"] is not None) == drawn


def test_figures_of_longer_steps_are_told_by_the_second(page):
    data = page(course=course(step_seconds=4), load=LoadSummary(requests=104)).data["course"]
    assert (data["step"], data["written"], data["requests"]) == (4, [6.0] * 4, [6.5] * 4)


def test_control_characters_are_seen_and_lines_of_a_message_stay(full):
    parsed = full("a\x1b\u202eb\nc")
    texts = "".join(parsed.texts)
    assert "a␛<U+202E>b⏎c" in texts
    assert "a␛<U+202E>b\nc" in texts
    assert parsed.data["rows"][0][1:] == ["a␛<U+202E>b⏎c"] * 2 + ["rejected"] + ["a␛<U+202E>b⏎c"] * 2 + ["a␛<U+202E>b\nc", ""]


def test_settings_versions_and_the_key_s_last_four_are_told(full):
    text = full("x").text
    assert "key ending in 9f3a" in text
    assert "lightfield-etl 0.1.0, Python 3.11.9, polars 2.1.0, httpx 0.28.1" in text


def test_the_config_is_told_with_its_variables_unresolved(page, tmp_path):
    path = tmp_path / "tasks.yaml"
    path.write_text(
        "name: n\nledger: ${LEDGER}\nsource: {key: Id}\nmap: {$title: '<b>', $status: {value: TODO}, $assignedTo: {value: m}}\n"
    )
    parsed = page(told=read_config(path, {"LEDGER": "postgresql://u:secret@db/l"}))
    assert "ledger: ${LEDGER}" in parsed.text
    assert "column: <b>" in parsed.text
    assert "secret" not in parsed.html


def test_files_beside_the_page_are_linked_with_what_they_hold(page):
    parsed = page(files=("report.html", "failures.csv", "results.csv"))
    links = [link["href"] for link in parsed.attributes("a") if not link["href"].startswith("#")]
    assert links == ["failures.csv", "results.csv", "summary.json"]
    assert "results.csv every row and what became of it" in parsed.text


def test_it_is_written_privately(make, folder):
    write_page(folder, make.summary(), PageDetails())
    assert stat.S_IMODE(folder.page.stat().st_mode) == 0o600
    assert folder.written() == (folder.page,)


@pytest.mark.parametrize("exit_code", [0, 1, 2, 3, 4, 130, 143])
def test_every_end_has_its_verdict(page, exit_code):
    verdict = {0: "Done", 1: "Needs a person", 2: "Nothing written", 3: "Stopped", 4: "Not started"}.get(exit_code, "Interrupted")
    assert f" {verdict} " in page(exit_code=exit_code, message="m").text
