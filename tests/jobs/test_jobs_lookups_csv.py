"""From a check over a spreadsheet to a clean check, and to a run that takes what was chosen."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import stat
from pathlib import Path
from random import Random

import httpx
import pytest

from etl.cli.practice import practice
from etl.clock import SystemClock
from etl.config.presets import presets_folder
from etl.jobs.check import check
from etl.jobs.request import JobRequest, Surroundings
from etl.jobs.run import run
from etl.load.stop import StopSwitch
from etl.report.voice import Voice, make_console
from etl.sandbox.access import SANDBOX_KEY
from etl.sandbox.app import Sandbox
from etl.sandbox.limits import Limits
from etl.sandbox.workspace import Workspace

READ = "lookups.csv"
COLUMNS = ("Id", "Title", "Status", "Owner", "Company", "Deal")
GOOD = {"Status": "open", "Owner": "sam@acme.example"}
CHECK_AGAIN = "then run: lightfield-etl check tasks.yaml tasks.csv"


class Desk:
    """A folder with a config and rows, and the sample workspace."""

    def __init__(self, folder):
        self.folder = folder
        self.sandbox = Sandbox(Workspace.sample(), limits=Limits.unlimited())
        self.config()

    @property
    def lookups(self):
        return self.folder / READ

    def config(self, **fields):
        mapped = {
            "$title": "Title",
            "$status": {"column": "Status", "values": [{"open": "TODO"}, READ]},
            "$assignedTo": {"column": "Owner", "lookup": "member.email", "values": READ},
            "$account": {"column": "Company", "lookup": "account.name", "values": READ},
            "$opportunity": {"column": "Deal", "lookup": "opportunity.name", "values": READ, "unknown": "note"},
            **fields,
        }
        told = {"name": "tasks", "source": {"key": "Id"}, "map": mapped}
        (self.folder / "tasks.yaml").write_text(json.dumps(told))

    def rows(self, *rows):
        with (self.folder / "tasks.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, COLUMNS, restval="")
            writer.writeheader()
            writer.writerows({"Id": number, "Title": f"T{number}", **GOOD, **row} for number, row in enumerate(rows, 1))

    def job(self, job, *, practice=None, config="tasks.yaml", **options):
        said = io.StringIO()
        name = job.__name__
        clock = SystemClock()
        around = Surroundings(
            environment={"LIGHTFIELD_BASE_URL": "http://localhost", "LIGHTFIELD_API_KEY": SANDBOX_KEY},
            clock=clock,
            random=Random(),
            voice=Voice(make_console(said, {"COLUMNS": "300"}), mode="text", now=clock.now),
            stdin=None,
            working_folder=self.folder,
            practice=practice,
            transport=None if practice else httpx.ASGITransport(self.sandbox),
        )
        typed = f"lightfield-etl {name} tasks.yaml tasks.csv"
        request = JobRequest(command=name, config_path=Path(config), data=("tasks.csv",), typed=typed, assume_yes=True, **options)
        summary = asyncio.run(job(request, around, StopSwitch()))
        return summary, said.getvalue()

    def check(self, **options):
        return self.job(check, **options)

    def lines(self):
        with self.lookups.open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.DictReader(stream))

    def line(self, value):
        [found] = [line for line in self.lines() if line["value"] == value]
        return found

    def fill_in(self, **uses):
        """As a spreadsheet of another country saves it: semicolons, cp1252, the columns in another order."""
        lines = [{**line, "use": uses.get(line["value"], line["use"]), "comment": "seen"} for line in self.lines()]
        with self.lookups.open("w", encoding="cp1252", newline="") as stream:
            writer = csv.DictWriter(stream, ["use", *[name for name in lines[0] if name != "use"]], delimiter=";")
            writer.writeheader()
            writer.writerows(lines)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_a_check_is_repaired_in_the_file_and_the_run_takes_what_was_chosen(desk):
    desk.rows(
        *[{"Owner": "Maria.Lopez@old.example"}] * 3,
        *[{"Company": "Globex"}] * 2,
        {"Company": "acme inc"},
        {"Status": "Erledigt"},
        {"Deal": "Gone deal"},
    )
    summary, said = desk.check()
    assert (summary.exit_code, summary.counts["rejected"]) == (1, 7)
    assert summary.next_command == f'open lookups.csv, fill in "use" for 4 values (7 rows), {CHECK_AGAIN}'
    assert said.splitlines()[-1] == f"next: {summary.next_command}"

    assert [(line["field"], line["value"], line["rows"]) for line in desk.lines()] == [
        ("$assignedTo", "Maria.Lopez@old.example", "3"),
        ("$account", "Globex", "2"),
        ("$account", "acme inc", "1"),
        ("$opportunity", "Gone deal", "1"),
        ("$status", "Erledigt", "1"),
    ]
    assert desk.line("acme inc")["suggestion_1"] == "Acme Corp"
    globex = desk.line("Globex")
    assert globex["problem"].startswith("ambiguous: fits several records as an account's name: Globex (acc_0000")
    assert {globex["suggestion_1"], globex["suggestion_2"]} == {"Globex (acc_000002)", "Globex (acc_000003)"}
    assert desk.line("Gone deal")["problem"] == "not_found: not an opportunity's name in Lightfield; settled by unknown: note"
    assert {line["use"] for line in desk.lines()} == {""}
    assert stat.S_IMODE(desk.lookups.stat().st_mode) == 0o600

    chosen = {"Maria.Lopez@old.example": "maria@acme.example", "Globex": "Globex (acc_000003)", "acme inc": "Acme Corp"}
    desk.fill_in(**chosen, Erledigt="COMPLETE")
    summary, said = desk.check()
    assert (summary.exit_code, summary.next_command) == (0, None)
    assert {line["value"]: line["use"] for line in desk.lines() if line["use"]} == {**chosen, "Erledigt": "COMPLETE"}
    assert (desk.line("Globex")["problem"], desk.line("Globex")["rows"], desk.line("Globex")["comment"]) == ("settled", "2", "seen")

    summary, _ = desk.job(run)
    assert (summary.exit_code, summary.counts["created"]) == (0, 8)
    tasks = {task.fields["$title"]: task for task in desk.sandbox.tasks}
    [maria] = [each.id for each in desk.sandbox.workspace.members if each.fields["$email"] == "maria@acme.example"]
    assert tasks["T1"].relationships["$assignedTo"] == [maria]
    assert tasks["T4"].relationships["$account"] == ["acc_000003"]
    assert tasks["T6"].relationships["$account"] == ["acc_000001"]
    assert tasks["T7"].fields["$status"] == "COMPLETE"
    assert tasks["T8"].fields["$description"] == "Deal: Gone deal (not found in Lightfield)"


def test_two_members_with_one_name_are_told_apart_by_their_email(desk):
    desk.config(**{"$assignedTo": {"column": "Owner", "lookup": "member.name", "values": READ}})
    desk.rows({"Owner": "ALEX\u00a0 Kim"}, {"Owner": "Sam Rivera"})
    desk.check()
    line = desk.line("ALEX\u00a0 Kim")
    assert {line["suggestion_1"], line["suggestion_2"]} == {"alex.kim@acme.example", "alex.kim2@acme.example"}
    assert "Alex Kim <alex.kim2@acme.example> (mem_000007)" in line["problem"]
    desk.lookups.write_text("field,value,use\n$assignedTo,alex kim,alex.kim2@acme.example\n")
    assert desk.check()[0].exit_code == 0


def test_a_choice_that_is_none_is_told_and_asked_for_again(desk):
    desk.rows({"Company": "Acme"})
    desk.lookups.write_text("field,value,use\n$account,Acme,Initec Software\n")
    summary, _ = desk.check()
    assert summary.exit_code == 1
    assert 'fill in "use" for 1 value (1 row)' in summary.next_command
    assert desk.line("Acme")["use"] == "Initec Software"
    assert desk.line("Acme")["problem"] == "not_found: 'Initec Software' is not an account's name in Lightfield"


def test_what_a_person_filled_in_is_kept_when_the_input_no_longer_holds_it_and_the_rest_goes(desk):
    desk.rows({"Company": "Nowhere"})
    desk.lookups.write_text(
        "field,value,rows,use,comment\n$account,Gone,7,Acme Corp,by Ana\n$account,Blank,9,,\n$dueAt,soon,1,2026-01-01,\n"
    )
    desk.check()
    kept = [(line["field"], line["value"], line["rows"], line["use"], line["comment"]) for line in desk.lines()]
    assert kept == [
        ("$account", "Nowhere", "1", "", ""),
        ("$account", "Gone", "0", "Acme Corp", "by Ana"),
        ("$dueAt", "soon", "0", "2026-01-01", ""),
    ]


def test_a_config_that_does_not_read_the_file_is_told_the_very_lines_that_do(desk):
    status = {"column": "Status", "values": {"open": "TODO", "No": "TODO"}}
    account = {"column": "Company", "lookup": "account.name"}
    desk.config(**{"$status": status, "$account": account})
    desk.rows({"Company": "Nowhere"}, {"Status": "Opne"})
    summary, said = desk.check()
    assert (
        "tasks.yaml does not read lookups.csv yet; it does with\n"
        "  in map, under $account:  values: lookups.csv\n"
        '  in map, under $status:  values: [{open: TODO, "No": TODO}, lookups.csv]\n'
    ) in said
    assert summary.next_command == (
        f'open lookups.csv, fill in "use" for 2 values (2 rows), add the lines above to tasks.yaml, {CHECK_AGAIN}'
    )
    assert desk.line("Opne")["suggestion_1"] == "TODO"


def test_a_clean_input_leaves_no_file(desk):
    desk.rows({})
    assert desk.check()[0].exit_code == 0
    assert not desk.lookups.exists()


def test_offline_leaves_the_file_as_it_is(desk):
    desk.rows({"Company": "Nowhere"})
    desk.check(offline=True)
    assert not desk.lookups.exists()
    desk.lookups.write_text("field,value,use\n$account,Nowhere,\n")
    desk.check(offline=True)
    assert desk.lookups.read_text() == "field,value,use\n$account,Nowhere,\n"


def test_a_file_that_cannot_be_written_is_a_warning_and_the_check_goes_on(desk):
    desk.rows({"Company": "Nowhere"})
    (desk.folder / ".lookups.csv.part").mkdir()
    summary, said = desk.check()
    assert (summary.exit_code, summary.next_command) == (1, None)
    assert "warning: lookups.csv cannot be written (" in said
    assert "1  Nowhere" in said


def test_a_folder_in_the_files_place_is_a_warning_and_the_check_goes_on(desk):
    desk.config(
        **{
            "$account": {"column": "Company", "lookup": "account.name"},
            "$assignedTo": {"column": "Owner", "lookup": "member.email"},
            "$status": {"column": "Status", "values": {"open": "TODO"}},
            "$opportunity": None,
        }
    )
    desk.rows({"Company": "Nowhere"})
    desk.lookups.mkdir()
    summary, said = desk.check()
    assert (summary.exit_code, summary.next_command) == (1, None)
    assert "warning: lookups.csv is left as it is, as Is a directory: move it away" in said


def test_a_preset_that_is_used_as_it_was_shipped_leaves_the_file_in_the_working_folder(desk):
    """Never inside the package: whoever fills it in needs a config of their own to read it."""
    shipped = presets_folder() / "hubspot.yaml"
    (desk.folder / "tasks.csv").write_text(
        "Record ID,Task title,Task status,Task body,Due date,Assigned to,Associated Company,Associated Deal\n"
        "1,T,Opne,,,sam@acme.example,,\n"
    )
    summary, _ = desk.job(check, config=shipped)
    assert desk.line("Opne")["field"] == "$status"
    assert not (presets_folder() / READ).exists()
    assert "make a config of your own from hubspot.yaml with: lightfield-etl init" in summary.next_command


def test_a_rehearsal_takes_spellings_of_one_name_as_one_and_the_chosen_record_as_known(desk):
    desk.config(partner={"column": "Deal", "lookup": "account.website"})
    desk.rows(
        {"Company": "Nowhere"}, {"Company": "Blue  Sky", "Deal": "https://www.x.example/"}, {"Company": "BLUE SKY", "Deal": "X.example"}
    )
    desk.lookups.write_text("field,value,use\n$account,Nowhere,Globex (acc_000003)\n")
    with practice(Random(1), faults=False) as played:
        summary, said = desk.job(run, practice=played)
    assert (summary.exit_code, summary.counts["created"]) == (0, 3)
    assert "3 companies" in said


def test_spellings_of_one_word_are_one_line_and_one_answer(desk):
    desk.rows({"Company": "Nowhere"}, {"Company": "NOWHERE "}, {"Company": "nowhere"}, {"Company": "Nowhere"})
    desk.check()
    assert [(line["value"], line["rows"]) for line in desk.lines()] == [("Nowhere", "4")]
    desk.lookups.write_text("field,value,use\n$account,nowhere,Acme Corp\n")
    assert desk.check()[0].exit_code == 0


def test_the_lines_of_a_word_show_what_is_near_and_what_the_config_settles(desk):
    desk.rows({"Company": "Acme Corpp"}, {"Deal": "Gone"}, {"Deal": "Gone"})
    _, said = desk.check()
    assert "  1  Acme Corpp   nearest: Acme Corp\n" in said
    assert "1 not in Lightfield · opportunity.name · 2 rows\n  2  Gone\n  settled by map.$opportunity.unknown: note\n" in said
