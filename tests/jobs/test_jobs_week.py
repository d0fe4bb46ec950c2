"""Nights of a scheduled import: what was sent to the webhook, how each ended, what was said last, and what the ledger knows."""

from __future__ import annotations

import json
import re
from contextlib import closing
from datetime import timedelta

import httpx
import pytest

from etl.ledger.store import open_ledger

HOOK = "https://hooks.example/services/hunter2"
GUARDS = {"min_rows": 10, "max_age": {"column": "Notes", "is": "26h"}}
ROWS = 12
MAP = {
    "$title": "Title",
    "$status": {"column": "Status", "values": {"open": "TODO"}, "empty": "TODO"},
    "$assignedTo": {"column": "Owner", "lookup": "member.email"},
}


class Receiver(httpx.AsyncBaseTransport):
    """A webhook that keeps what it gets, and refuses it while ``status`` says so."""

    def __init__(self):
        self.got = []
        self.status = 200

    async def handle_async_request(self, request):
        assert str(request.url) == HOOK
        if self.status == 200:
            self.got.append(json.loads(request.content))
        return httpx.Response(self.status)


class Down(httpx.AsyncBaseTransport):
    """A service that nobody reaches."""

    async def handle_async_request(self, request):
        raise httpx.ConnectError("refused", request=request)


class Nights:
    """The same command, night by night, on a calendar that jumps."""

    def __init__(self, bench):
        self.bench = bench
        self.receiver = bench.webhook = Receiver()
        bench.environment["HOOK"] = HOOK
        self.set_up()

    def set_up(self, **changes):
        notify = {"url": "${HOOK}", "format": "json", **changes.pop("notify", {})}
        self.bench.config(**{"guards": GUARDS, "notify": notify, "map": MAP, **changes})

    def night(self, *, numbers=range(1, ROWS + 1), bad=(), age_hours=2, **options):
        """One night; returns exit code, reason, the messages that went out, and the last line that was said."""
        self.bench.clock.jump(days=1)
        at = f"{self.bench.clock.now() - timedelta(hours=age_hours):%Y-%m-%dT%H:%M:%SZ}"
        self.bench.rows([{"Title": f"T{n}", "Notes": at, "Status": "Blocked" if n in bad else ""} for n in numbers])
        before = len(self.receiver.got)
        summary = self.bench.job(**options)
        last = self.bench.said.getvalue().rstrip("\n").rpartition("\n")[2]
        return summary.exit_code, summary.reason, self.receiver.got[before:], last

    def known(self):
        """Rows with a task, and how the newest run that the ledger knows of ended."""
        with closing(open_ledger(str(self.bench.ledger), clock=self.bench.clock, create=False)) as ledger:
            [rows] = ledger.imports("jobs")
            return rows.known_rows(), rows.last_runs(1)[0].exit_code


@pytest.fixture
def nights(bench):
    return Nights(bench)


def told(messages):
    return [(each["event"], each["stopped_by"] or each["problems"]) for each in messages]


def test_a_week_of_nights(nights, bench):
    """Each trouble is told once, when it is new; with the ledger down nobody knows what was told, so it is told every night."""
    code, _, messages, _ = nights.night()
    assert (code, messages, nights.known()) == (0, [], (ROWS, 0))

    code, reason, messages, last = nights.night(numbers=[])
    assert (code, reason, told(messages)) == (2, "guard", [("failed", ["guard.min_rows", "guard.max_age"])])
    assert last.startswith("next: look at the input; if it is meant to be so, change guards in ")
    assert nights.known() == (ROWS, 0)

    code, reason, messages, last = nights.night(age_hours=50)
    assert (code, reason, told(messages)) == (2, "guard", [("failed", ["guard.max_age"])])

    transport, bench.transport = bench.transport, Down()
    code, reason, messages, last = nights.night()
    assert (code, reason, told(messages)) == (3, "service_down", [("failed", ["service_down"])])
    assert last.endswith("then run the same command again")
    assert nights.night()[2] == []
    bench.transport = transport

    bench.sandbox.workspace.revoke(bench.key)
    code, reason, messages, last = nights.night()
    assert (code, reason, told(messages)) == (3, "key_refused", [("failed", ["key_refused"])])
    assert last.startswith("next: check the API key (LIGHTFIELD_API_KEY)")
    bench.sandbox.workspace.add_key("sk_lf_a_new_one_77aa")
    bench.environment["LIGHTFIELD_API_KEY"] = "sk_lf_a_new_one_77aa"

    bad = range(2, 2 * ROWS + 1, 2)
    code, reason, messages, last = nights.night(numbers=range(1, 2 * ROWS + 1), bad=bad)
    assert (code, told(messages)) == (1, [("failed", {"unknown_status": ROWS})])
    assert messages[0]["counts"] == {"created": ROWS // 2, "unchanged": ROWS // 2, "rejected": ROWS}
    assert (messages[0]["needs_a_person"], messages[0]["new_rows"]) == (ROWS, ROWS)
    assert nights.known() == (ROWS + ROWS // 2, 1)

    assert nights.night(numbers=range(1, 2 * ROWS + 1), bad=bad)[2] == []
    _, _, messages, _ = nights.night(numbers=range(1, 2 * ROWS + 1), bad=[*bad[1:], 1])
    assert [message["new_rows"] for message in messages] == [1]

    kept = bench.ledger.rename(bench.folder / "away")
    bench.ledger.mkdir()
    for _ in range(2):
        code, reason, messages, last = nights.night()
        assert (code, reason, told(messages)) == (2, "ledger", [("failed", ["ledger"])])
        assert last.startswith("next: ")
    bench.ledger.rmdir()
    kept.rename(bench.ledger)

    code, _, messages, _ = nights.night(numbers=range(1, 2 * ROWS + 1))
    assert (code, [message["event"] for message in messages]) == (0, ["recovered"])
    assert messages[0]["failing_since"] < messages[0]["finished_at"]
    assert nights.night(numbers=range(1, 2 * ROWS + 1))[2] == []
    assert nights.known() == (2 * ROWS, 0)
    assert bench.titles() == sorted(f"T{n}" for n in range(1, 2 * ROWS + 1))

    written = bench.said.getvalue().encode() + b"".join(path.read_bytes() for path in bench.folder.rglob("*") if path.is_file())
    assert b"hunter2" not in written
    assert not re.search(r"\bT\d", json.dumps(nights.receiver.got))
    assert {message["name"] for message in nights.receiver.got} == {"jobs"}


def test_a_message_that_does_not_arrive_fails_no_run_and_is_sent_the_next_night(nights, bench):
    nights.receiver.status = 404
    code, _, messages, _ = nights.night(bad=[1])
    assert (code, messages) == (1, [])
    assert "warning: the message 'failed' did not reach the webhook: it answered 404" in bench.said.getvalue()
    nights.receiver.status = 200
    assert told(nights.night(bad=[1])[2]) == [("failed", {"unknown_status": 1})]


def test_only_what_is_asked_for_is_sent(nights):
    nights.set_up(notify={"on": "recovered"})
    assert nights.night(bad=[1])[2] == []
    assert told(nights.night()[2]) == [("recovered", {})]


@pytest.mark.parametrize("options", [{"limit": 3}, {"command": "check"}])
def test_what_is_no_whole_run_is_told_to_nobody(nights, options):
    assert nights.night(bad=[1], **options)[2] == []


def test_a_crash_of_this_program_is_told_and_leaves_its_summary(nights, bench, monkeypatch):
    def broken(*_args):
        raise KeyError("hunter3")

    monkeypatch.setattr("etl.jobs.run.key_spec", broken)
    with pytest.raises(KeyError):
        nights.night()
    assert told(nights.receiver.got) == [("failed", ["crash"])]
    [summary] = bench.folder.glob("results/2*/summary.json")
    left = json.loads(summary.read_text())
    assert (left["exit_code"], left["reason"]) == (3, "crash")
    assert "KeyError, at\n" in left["message"]
    assert "etl/jobs/run.py:" in left["message"]
    assert "hunter3" not in summary.read_text()
