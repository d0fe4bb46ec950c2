"""What does the doctor say of each thing that a run needs?"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from random import Random

import httpx
import pytest

from etl.jobs.doctor import examine
from etl.jobs.request import JobRequest, Surroundings
from etl.report.voice import Voice, make_console

NARROW = ("tasks:create", "tasks:read", "members:read")


class Answering(httpx.AsyncBaseTransport):
    """Answers every request alike."""

    def __init__(self, status, body):
        self.status, self.body = status, body

    async def handle_async_request(self, request):
        return httpx.Response(self.status, json=self.body)


@pytest.fixture
def doctor(bench):
    """Examines the bench; the findings by what was looked at."""

    def look(*data, scopes=None, with_config=True, clock=None, ledger=None):
        if scopes is not None:
            bench.environment["LIGHTFIELD_API_KEY"] = f"sk_lf_doctor_{len(scopes)}xyz9"
            bench.sandbox.workspace.add_key(bench.environment["LIGHTFIELD_API_KEY"], scopes=scopes)
        request = JobRequest(command="doctor", config_path=Path("jobs.yaml"), data=data, ledger=ledger)
        around = Surroundings(
            environment=bench.environment,
            clock=clock or bench.clock,
            random=Random(4),
            voice=Voice(make_console(bench.said, {}), mode="text", now=bench.clock.now),
            stdin=None,
            working_folder=bench.folder,
            transport=bench.transport,
        )
        before = {path: path.stat().st_mtime_ns for path in bench.folder.rglob("*")}
        diagnosis = examine(request, around, with_config=with_config)
        if not bench.ledger.exists():
            # Nothing is made, and nothing changed, by looking.
            assert {path: path.stat().st_mtime_ns for path in bench.folder.rglob("*")} == before
        return diagnosis, {finding.check: finding for finding in diagnosis.findings}

    return look


def result(finding):
    return finding.result.value


def test_where_all_is_well_every_line_is_ok(doctor, bench):
    bench.rows(["A"])
    diagnosis, found = doctor("rows.csv", scopes=NARROW)
    assert {check: result(finding) for check, finding in found.items()} == dict.fromkeys(found, "ok")
    assert set(found) == {"config", "clock", "version", "key", "scopes", "workspace", "map", "limits", "ledger", "input"}
    assert (diagnosis.exit_code, diagnosis.next_command) == (0, None)
    assert "3 members (acme.example)" in found["workspace"].message
    assert "is not there yet: the first run makes it" in found["ledger"].message
    assert "rows.csv: its 6 columns have all that the map names" in found["input"].message


def test_scopes_are_held_against_what_the_config_needs(doctor):
    diagnosis, found = doctor(scopes=("tasks:create", "tasks:read", "tasks:delete"))
    assert found["scopes"].message == "missing: members:read · more than needed: tasks:delete"
    assert (result(found["scopes"]), diagnosis.exit_code) == ("problem", 3)
    assert "members:read" in diagnosis.next_command


@pytest.mark.parametrize(
    ("changes", "needed"),
    [
        ({"mode": "sync"}, "tasks:update"),
        ({"mode": "sync", "sync": {"on_missing": "trash"}}, "tasks:update, tasks:delete"),
    ],
)
def test_what_a_sync_needs_is_missing_too(doctor, bench, changes, needed):
    bench.config(**changes)
    _, found = doctor(scopes=NARROW)
    assert found["scopes"].message == f"missing: {needed}"


def test_a_key_with_full_access_is_a_visible_warning(doctor):
    diagnosis, found = doctor()
    assert (result(found["scopes"]), diagnosis.exit_code) == ("warning", 0)
    assert "full access" in found["scopes"].message
    assert found["scopes"].next_step == "make a key with only the scopes: tasks:create, tasks:read, members:read"


def test_a_key_that_is_refused_is_a_problem_and_the_rest_is_looked_at_all_the_same(doctor, bench):
    bench.environment["LIGHTFIELD_API_KEY"] = "sk_lf_revoked_00"
    diagnosis, found = doctor()
    assert (result(found["key"]), diagnosis.exit_code) == ("problem", 3)
    assert result(found["ledger"]) == "ok"


def test_no_key_is_a_problem_with_what_to_do(doctor, bench):
    del bench.environment["LIGHTFIELD_API_KEY"]
    diagnosis, _ = doctor(with_config=False)
    assert diagnosis.exit_code == 2
    assert diagnosis.next_command.startswith("set LIGHTFIELD_API_KEY")


@pytest.mark.parametrize(("seconds", "told"), [(95, "ahead of"), (-95, "behind")])
def test_a_clock_that_is_wrong_is_told(doctor, bench, seconds, told):
    class Skewed:
        sleep, elapsed_seconds = bench.clock.sleep, bench.clock.elapsed_seconds

        def now(self):
            return bench.clock.now() + timedelta(seconds=seconds)

    _, found = doctor(clock=Skewed())
    assert result(found["clock"]) == "warning"
    assert f"s {told} Lightfield's" in found["clock"].message


def test_a_version_that_lightfield_no_longer_speaks_is_told(doctor, bench):
    bench.transport = Answering(400, {"error": {"type": "bad_request", "code": "version_header", "message": "no"}})
    diagnosis, found = doctor(with_config=False)
    assert "does not accept the version 2026-03-01" in found["service"].message
    assert diagnosis.next_command == "look for a newer lightfield-etl"


def test_an_address_that_is_not_lightfields_is_told(doctor, bench):
    bench.transport = Answering(200, {"hello": "world"})
    diagnosis, found = doctor(with_config=False)
    assert (result(found["service"]), diagnosis.exit_code) == ("problem", 3)


def test_a_workspace_that_is_not_the_named_one_is_a_problem(doctor, bench):
    bench.config(workspace={"member": "ops@other.example"})
    diagnosis, found = doctor()
    assert (result(found["workspace"]), diagnosis.exit_code) == ("problem", 2)


def test_a_map_that_does_not_fit_the_workspace_is_a_problem(doctor, bench):
    told = json.loads((bench.folder / "jobs.yaml").read_text())["map"]
    bench.config(map={**told, "teritory": "Title"})
    _, found = doctor()
    assert "map.teritory" in found["map"].message


def test_a_ledger_that_is_there_is_tried(doctor, bench):
    bench.rows(["A", "B"])
    bench.job()
    _, found = doctor()
    assert found["ledger"].message.endswith("jobs.ledger: readable and writable; 2 rows of jobs have a task")
    bench.ledger.chmod(0o644)
    _, found = doctor()
    assert (result(found["ledger"]), found["ledger"].next_step) == ("warning", f"chmod 600 {bench.ledger}")


def test_a_ledger_that_cannot_be_used_is_a_problem(doctor, bench):
    _, found = doctor(ledger="nowhere/jobs.ledger")
    assert "nowhere is not there" in found["ledger"].message
    (bench.folder / "jobs.ledger").write_text("I am no ledger, and long enough to be read as something else" * 20)
    _, found = doctor()
    assert (result(found["ledger"]), found["ledger"].exit_code) == ("problem", 2)


def test_a_column_that_the_file_lacks_is_a_problem(doctor, bench):
    (bench.folder / "rows.csv").write_text("Id,Name\n1,A\n")
    diagnosis, found = doctor("rows.csv")
    assert "has no column 'Title'" in found["input"].message
    assert diagnosis.exit_code == 2


def test_a_config_that_cannot_be_read_keeps_nothing_else_from_being_seen(doctor, bench):
    (bench.folder / "jobs.yaml").write_text("name: [\n")
    diagnosis, found = doctor()
    assert (diagnosis.findings[0].check, result(found["config"]), result(found["key"])) == ("config", "problem", "ok")
    assert diagnosis.exit_code == 2


def test_a_webhook_is_not_called_by_looking_and_pagerduty_needs_its_key(doctor, bench):
    bench.config(notify={"url": "https://events.pagerduty.com/v2/enqueue", "format": "pagerduty"})
    assert result(doctor()[1]["notify"]) == "warning"
    bench.config(notify={"url": "https://events.pagerduty.com/v2/enqueue?routing_key=hunter2", "format": "pagerduty"})
    _, found = doctor()
    assert result(found["notify"]) == "ok"
    assert "hunter2" not in found["notify"].message


def test_without_a_config_only_what_needs_none_is_looked_at(doctor):
    diagnosis, found = doctor(with_config=False)
    assert set(found) == {"clock", "version", "key", "scopes", "workspace", "limits"}
    assert diagnosis.exit_code == 0
