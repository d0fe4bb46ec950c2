"""Does report.html work in a browser: opened from disk, without a request or an error, searched, and with hostile cells in it?"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

import etl
from etl.records import Action, LoadCourse
from etl.report.attention import AttentionRow
from etl.report.page import PageDetails, page_text
from etl.report.problems import ProblemExample, ProblemKind
from etl.report.summary import LoadSummary
from etl.sandbox.access import SANDBOX_KEY
from etl.sandbox.app import Sandbox
from etl.sandbox.limits import Limits
from etl.sandbox.server import ServerThread
from etl.sandbox.workspace import Workspace

CHROMIUM = shutil.which("chromium")
SAMPLES = Path(__file__).parents[2] / "samples"
# As root, Chromium wants no sandbox of its own; it opens nothing but our own files here.
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe")
HOSTILE = (
    "<script>window.hit = 1</script>",
    "</script><script>window.hit = 1</script>",
    "<img src=https://crm.test/x onerror='window.hit = 1'>",
    "javascript:window.hit=1",
    "{{7*7}}",
    "]]>--><svg onload=window.hit=1>",
    "\u202egnp.exe\u2028\u2029",
)

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium"),
    # A browser costs a second to start: one worker has them all.
    pytest.mark.xdist_group("chromium"),
]


class Browser:
    """Headless Chromium, driven by its DevTools protocol over a pair of pipes."""

    def __init__(self, profile):
        to_browser, self._in = os.pipe()
        self._out, from_browser = os.pipe()
        # By the protocol the browser reads from 3 and writes to 4. In two steps, for the pipe's own ends may have these numbers.
        moved = f'exec 13<&{to_browser} 14>&{from_browser}; exec "$@" 3<&13 4>&14'
        command = ["bash", "-c", moved, "bash", CHROMIUM, *FLAGS, f"--user-data-dir={profile}"]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, pass_fds=(to_browser, from_browser), **quiet)
        os.close(to_browser)
        os.close(from_browser)
        self._rest, self._calls, self._session, self.events = b"", 0, None, []

    def connect(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **parameters):
        self._calls += 1
        message = {"id": self._calls, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._in, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._calls:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, path, *, width=1200, dark=False):
        self.events.clear()
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Page.navigate", url=path.as_uri())
        while not self.told("Page.loadEventFired"):
            self.events.append(self._next())
        # Whatever was to be said about this page has been said by the time that this is answered.
        self.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
        return self

    def evaluate(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def told(self, method):
        return [event["params"] for event in self.events if event.get("method") == method]

    @property
    def complaints(self):
        return self.told("Log.entryAdded") + self.told("Runtime.exceptionThrown") + self.told("Runtime.consoleAPICalled")

    @property
    def requested(self):
        return [each["request"]["url"] for each in self.told("Network.requestWillBeSent")]

    def close(self):
        # Its pipe closed, the browser ends.
        os.close(self._in)
        os.close(self._out)
        self.process.wait(20)

    def _next(self):
        while b"\0" not in self._rest:
            part = os.read(self._out, 1 << 16)
            assert part, "Chromium ended"
            self._rest += part
        message, self._rest = self._rest.split(b"\0", 1)
        return json.loads(message)


@contextmanager
def browsing(profile):
    browser = Browser(profile)
    try:
        browser.connect()
        yield browser
    finally:
        browser.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with browsing(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The folder of a real run of the sample, and its summary."""
    folder = tmp_path_factory.mktemp("real")
    with ServerThread(Sandbox(Workspace.sample(), limits=Limits(1000.0, 1000.0, 1000.0), keep_requests=0)) as server:
        environment = {"LIGHTFIELD_BASE_URL": server.url, "LIGHTFIELD_API_KEY": SANDBOX_KEY}
        config, data = SAMPLES / "hubspot-tasks.yaml", SAMPLES / "hubspot-tasks.csv"
        summary = etl.run(config, data, environment=environment, ledger=str(folder / "l.ledger"), out=folder / "out")
    return folder / "out" / summary.run_id, summary


@pytest.fixture(scope="module")
def many(make, tmp_path_factory):
    """A page with plots and thousands of rows, each of them hostile."""
    kinds = [ProblemKind(text, text, 300, (ProblemExample(2, text, text, text),), ((text, 300),), 1) for text in HOSTILE]
    rows = [AttentionRow(number, *[HOSTILE[number % len(HOSTILE)]] * 6, "https://crm.test/") for number in range(1998)]
    rows += [AttentionRow(9001, "a.csv", "needle", "failed", "refused", "", "one of a kind", "javascript:window.hit=1")]
    steps = 30
    course = LoadCourse(
        began_at=make.noon,
        step_seconds=1,
        requests=(26,) * steps,
        written=(24,) * steps,
        retries=(2,) * steps,
        throttled=(1,) * steps,
        limit_per_second=(25.0,) * steps,
        pace_per_second=(20.0,) * steps,
        latency_p50_ms=(80.0, None) * (steps // 2),
        latency_p95_ms=(120.0, None) * (steps // 2),
        latency_max_ms=(130.0, None) * (steps // 2),
    )
    summary = make.summary(
        1, name=HOSTILE[0], message=HOSTILE[2], next_command=HOSTILE[1], counts={Action.REJECTED: 2100}, load=LoadSummary(requests=780)
    )
    path = tmp_path_factory.mktemp("many") / "report.html"
    path.write_text(page_text(summary, PageDetails(kinds, rows, course, typed=HOSTILE[4])), encoding="utf-8")
    return path


def shown(browser):
    return browser.evaluate("[...document.querySelectorAll('#rows tbody tr')].map((row) => row.textContent)")


def type_in(browser, text):
    browser.evaluate(f"(() => {{ const box = document.getElementById('search'); box.value = {json.dumps(text)};"
                     " box.dispatchEvent(new Event('input')); })()")  # fmt: skip


def test_a_real_report_opens_without_errors_and_asks_for_nothing_but_itself(browser, real):
    page = real[0] / "report.html"
    browser.open(page)
    assert browser.complaints == []
    assert browser.requested == [page.as_uri()]


def test_its_counts_are_those_of_the_summary(browser, real):
    folder, summary = real
    browser.open(folder / "report.html")
    told = browser.evaluate("[...document.querySelectorAll('.parts li div')].map((part) => part.innerText.split('\\n')[0])")
    counts = {words.split()[1]: int(words.split()[0].replace(",", "")) for words in told}
    assert counts == {action: rows for action, rows in json.loads((folder / "summary.json").read_text())["counts"].items() if rows}
    assert len(shown(browser)) == summary.counts["rejected"]
    assert browser.evaluate("document.querySelector('h1').textContent").startswith(f"finished: {summary.rows} rows")


def test_the_search_finds_rows_by_all_its_words_and_by_their_cause(browser, many):
    browser.open(many)
    assert len(shown(browser)) == 50
    browser.evaluate("document.getElementById('more').click()")
    assert len(shown(browser)) == 250
    type_in(browser, "  KIND needle ")
    assert shown(browser) == ["9001a.csvneedlefailedrefusedone of a kind"]
    assert browser.evaluate("document.getElementById('found').textContent") == "1 found among 1,999 rows"
    type_in(browser, "nothing like it")
    assert shown(browser) == []
    browser.evaluate("document.querySelector('button[data-code=\"{{7*7}}\"]').click()")
    assert browser.evaluate("document.getElementById('found').textContent").startswith("285 found")
    assert all("{{7*7}}" in row for row in shown(browser))


def test_hostile_cells_do_nothing(browser, many):
    browser.open(many)
    browser.evaluate("document.getElementById('more').click(); document.querySelector('#figures').open = true")
    assert browser.evaluate("window.hit === undefined")
    assert browser.complaints == []
    assert browser.requested == [many.as_uri()]
    assert browser.told("Page.javascriptDialogOpening") == []
    assert browser.evaluate("document.querySelectorAll('script, img, svg[onload], a[href^=javascript]').length") == 3
    texts = "".join(shown(browser))
    assert all(text in texts for text in HOSTILE[:6])
    assert "<U+202E>gnp.exe<U+2028><U+2029>" in texts


def test_a_script_that_got_in_all_the_same_would_not_run(browser, many):
    browser.open(many)
    browser.evaluate("""(() => {
        const script = document.createElement("script"), picture = document.createElement("img");
        script.textContent = "window.hit = 1";
        picture.setAttribute("onerror", "window.hit = 1");
        picture.src = "data:image/png;base64,x";
        document.body.append(script, picture);
        document.body.setAttribute("onclick", "window.hit = 1");
        document.body.click();
    })()""")
    assert browser.evaluate("window.hit === undefined")
    assert len(browser.complaints) >= 3


def test_plots_are_drawn_in_the_colours_of_light_dark_and_paper(browser, many):
    ink = {}
    for dark in (False, True):
        browser.open(many, dark=dark)
        assert browser.evaluate("document.querySelectorAll('.plot canvas').length") == 3
        ink[dark] = browser.evaluate(_PAINTED)
    assert ink[True] != ink[False]
    printed = browser.evaluate(f"(async () => {{ dispatchEvent(new Event('beforeprint')); await 0; return {_PAINTED}; }})()")
    back = browser.evaluate(f"(async () => {{ dispatchEvent(new Event('afterprint')); await 0; return {_PAINTED}; }})()")
    assert (printed, back) == (ink[False], ink[True])


_PAINTED = "getComputedStyle(document.querySelector('.plot .u-series:nth-child(2) .u-marker')).borderColor"
"""The colour of a line as the plot has it."""


def test_the_figures_behind_the_plots_are_there_as_a_table(browser, many):
    browser.open(many)
    browser.evaluate("new Promise((done) => { const figures = document.getElementById('figures');"
                     " figures.addEventListener('toggle', () => done()); figures.open = true; })")  # fmt: skip
    cells = browser.evaluate("[...document.querySelectorAll('#steps tr:nth-child(1) td')].map((cell) => cell.textContent)")
    assert cells == ["2026-11-22 12:00:00", "24", "26", "2", "1", "80", "120", "130"]


@pytest.mark.parametrize("width", [360, 820])
def test_nothing_is_wider_than_a_small_screen(browser, many, real, width):
    for page in (many, real[0] / "report.html"):
        browser.open(page, width=width)
        assert browser.evaluate("document.documentElement.scrollWidth") <= width


def test_it_can_be_printed(browser, real):
    browser.open(real[0] / "report.html")
    assert base64.b64decode(browser.call("Page.printToPDF")["data"]).startswith(b"%PDF")
