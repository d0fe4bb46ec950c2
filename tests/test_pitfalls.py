"""What CRM exports do to importers: a test for each pitfall, by its number in the list that the presets were written against."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass

import pytest

import etl
from etl.sandbox.access import SANDBOX_KEY
from etl.sandbox.app import Sandbox
from etl.sandbox.limits import Limits
from etl.sandbox.server import ServerThread
from etl.sandbox.workspace import Workspace

NULL_ID = "000000000000000AAA"


@dataclass
class Landed:
    """What a run left behind: its summary, its tasks by source key, and what its report files say."""

    summary: etl.Summary
    tasks: dict[str, dict[str, object]]
    actions: dict[str, str]
    failures: list[dict[str, str]]

    @property
    def codes(self) -> list[str]:
        return [line["_error_code"] for line in self.failures]


@pytest.fixture(scope="module")
def service():
    """A workspace with the sample's people, companies and deals, and how to reach it."""
    sandbox = Sandbox(Workspace.sample(), limits=Limits(1000, 1000, 1000))
    with ServerThread(sandbox) as server:
        yield sandbox, {"LIGHTFIELD_API_KEY": SANDBOX_KEY, "LIGHTFIELD_BASE_URL": server.url}


@pytest.fixture(scope="module")
def importer(service, tmp_path_factory):
    """``importer(preset, header, rows…, **changes)``: the rows, written as CSV and imported by a config that extends the preset."""
    sandbox, environment = service

    def load(preset, *rows, data=None, folder=None, job=etl.run, **changes):
        folder = folder or tmp_path_factory.mktemp(preset)
        told = {"extends": preset, "name": f"pitfall-{folder.name}", "timezone": "America/New_York", **changes}
        (folder / "config.yaml").write_text(json.dumps(told), encoding="utf-8")
        if data is None:
            (folder / "data.csv").write_text(text_of(rows), encoding="utf-8", newline="")
        summary = job(folder / "config.yaml", folder / (data or "data.csv"), environment=environment, out=folder / "results")
        results = folder / "results" / summary.run_id
        lines = lines_of(results / "results.csv")
        known = {task.id: task for task in sandbox.tasks}
        tasks = {line["source_key"]: shown(known[line["task_id"]], sandbox.workspace) for line in lines if line["task_id"]}
        return Landed(summary, tasks, {line["source_key"]: line["action"] for line in lines}, lines_of(results / "failures.csv"))

    return load


def text_of(rows, **options) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n", **options).writerows([row.split("|") if isinstance(row, str) else row for row in rows])
    return stream.getvalue()


def lines_of(path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))) if path.is_file() else []


def shown(task, workspace) -> dict[str, object]:
    fields = {key: value for key, value in task.fields.items() if value}
    collections = {"$assignedTo": workspace.members, "$account": workspace.accounts, "$opportunity": workspace.opportunities}
    links = {key: [collections[key].get(one) for one in ids] for key, ids in task.relationships.items() if key in collections and ids}
    return fields | {key: found[0].fields["$email" if key == "$assignedTo" else "$name"] for key, found in links.items()}


SALESFORCE = (
    "Id|Subject|Description|Status|IsClosed|ActivityDate|Owner.Email|WhatId|What.Name|AccountId|Account.Name|EmailMessageId|TaskSubtype"
)
MIDNIGHTS = ("2026-11-02 00:00:00", "2026-11-02", "2026-11-02T00:00:00.000Z", "2026-11-02T00:00:00.000+0000")


@pytest.fixture(scope="module")
def salesforce(importer):
    """A file of the pitfalls that one Salesforce file may hold."""
    to_sam = "sam@acme.example"
    return importer(
        "salesforce",
        SALESFORCE,
        f"01|Call||Open|0|2026-11-02|{to_sam}|{NULL_ID}||{NULL_ID}|||",
        f"03a|Email: Your offer||Completed|1||{to_sam}||||||",
        f"03b|AW: Ihr Angebot||Completed|1||{to_sam}|||||02s5e00000ABCDE|",
        f"03c|Newsletter||Completed|1||{to_sam}|0XB5e0000004C9w|||||",
        f"03d|Reply||Completed|1||{to_sam}||||||Email",
        f"03e|Email the contract||Open|0||{to_sam}|||||{NULL_ID}|Task",
        f"06a|Of a deal||Open|0||{to_sam}|0061|Acme Corp - Renewal 2027|0011|Acme Corp||",
        f"06b|Of an account||Open|0||{to_sam}|0011|Acme Corp||||",
        f"06c|Of something else||Open|0||{to_sam}|a0f1|Invoice run||||",
        *(f"10{place}|Midnight||Open|0|{filler}|{to_sam}||||||" for place, filler in enumerate(MIDNIGHTS)),
        ["16a", " ", "Ask for the signed copy\nand send ours", "Open", "0", "", to_sam, *[""] * 6],
        ["16b", "", "", "Open", "0", "", to_sam, *[""] * 6],
    )


PIPEDRIVE = "ID|Subject|Type|Done|Due date|Due time|Note|Assigned to user|Organisation|Deal"


@pytest.fixture(scope="module")
def pipedrive(importer):
    """A file of the pitfalls that one Pipedrive file may hold."""
    return importer(
        "pipedrive",
        PIPEDRIVE,
        "8001|Markup|Task|To do|||<p>Costs <b>50</b> &amp; more</p>|Sam Rivera||",
        "8002|Text|Task|To do|||5 * 2 < 11 & 1_000|Sam Rivera||",
        "9001|Call back|Task|To do|2026-11-02|09:30||Sam Rivera||",
        "1.21143E+15|Rounded|Task|To do||||Sam Rivera||",
        "0012|Zeros|Task|To do||||Sam Rivera||",
        "1401|'=later|Task|To do|||-1+2|Sam Rivera||",
    )


def test_pitfall_01_salesforce_null_id(salesforce):
    assert salesforce.tasks["01"] == {
        "$title": "Call",
        "$status": "TODO",
        "$dueAt": "2026-11-02T22:00:00.000Z",
        "$assignedTo": "sam@acme.example",
    }


def test_pitfall_02_a_backup_that_is_not_utf_8_keeps_every_letter(importer, tmp_path):
    rows = ["Id|Subject|Description|Status|ActivityDate|Owner.Email", "00T1|Grüße nach Genève|Señor Ångström|Open||sam@acme.example"]
    (tmp_path / "Task.csv").write_bytes(text_of(rows, quoting=csv.QUOTE_ALL).encode("iso-8859-1"))
    [task] = importer("salesforce", data="Task.csv", folder=tmp_path).tasks.values()
    assert (task["$title"], task["$description"]) == ("Grüße nach Genève", "Señor Ångström")


def test_pitfall_03_logged_e_mails_are_left_out_and_counted(salesforce):
    assert [salesforce.actions[key] for key in ("03a", "03b", "03c", "03d", "03e")] == [*["excluded"] * 4, "created"]
    assert salesforce.summary.counts["excluded"] == 4


def test_pitfall_04_archived_tasks_that_the_export_lacks_are_noticed_by_the_expected_number_of_rows(importer):
    landed = importer("pipedrive", PIPEDRIVE, "1|Call|Task|To do||||Sam Rivera||", guards={"rows": 3})
    assert (landed.summary.exit_code, landed.tasks) == (2, {})


def test_pitfall_05_a_user_id_where_an_owner_id_belongs_is_nobody(importer, tmp_path):
    (tmp_path / "owners.csv").write_text("id,userId,email\n612,51,maria@acme.example\n")
    owners = {"values": {"file": "owners.csv", "from": "id", "to": "email"}}
    header = "hs_object_id|hs_task_subject|hs_task_status|hs_task_body|hs_timestamp|hubspot_owner_id"
    rows = [header, "1|By owner|NOT_STARTED|||612", "2|By user|NOT_STARTED|||51"]
    landed = importer("hubspot", *rows, folder=tmp_path, map={"$assignedTo": owners})
    assert landed.actions == {"1": "created", "2": "rejected"}
    assert landed.tasks["1"]["$assignedTo"] == "maria@acme.example"


def test_pitfall_05_a_queue_is_nobody_until_somebody_takes_over(importer, tmp_path):
    (tmp_path / "User.csv").write_text("Id,Email\n005A,lee@acme.example\n")
    rows = ["Id|Subject|Status|ActivityDate|Description|OwnerId", "00T1|Of Lee|Open|||005A", "00T2|Of a queue|Open|||00G7"]
    landed = importer("salesforce", *rows, folder=tmp_path)
    assert (landed.actions, landed.codes) == ({"00T1": "created", "00T2": "rejected"}, ["not_found"])
    landed = importer("salesforce", *rows, folder=tmp_path, map={"$assignedTo": {"unknown": "maria@acme.example"}})
    assert landed.tasks["00T2"]["$assignedTo"] == "maria@acme.example"


def test_pitfall_06_one_link_column_for_every_kind_of_record(salesforce):
    found = [salesforce.tasks[key] for key in ("06a", "06b", "06c")]
    assert [(task.get("$account"), task.get("$opportunity"), task.get("$description")) for task in found] == [
        ("Acme Corp", "Acme Corp - Renewal 2027", None),
        ("Acme Corp", None, None),
        (None, None, "Related to: Invoice run"),
    ]


def test_pitfall_07_of_several_companies_the_first_is_linked_and_the_others_stand_in_the_description(importer):
    header = "Record ID|Task title|Task status|Task body|Due date|Assigned to|Associated Company"
    landed = importer("hubspot", header, "1|Call|Not started|Note||sam@acme.example|Acme Corp;Delta Capital")
    assert landed.tasks["1"]["$account"] == "Acme Corp"
    assert "Delta Capital" in str(landed.tasks["1"]["$description"])


def test_pitfall_08_html_becomes_markdown_and_plain_text_stays_as_it_is(pipedrive):
    assert pipedrive.tasks["8001"]["$description"] == "Costs **50** & more"
    assert pipedrive.tasks["8002"]["$description"] == "5 * 2 < 11 & 1_000"


def test_pitfall_09_a_due_time_in_another_column(pipedrive):
    assert pipedrive.tasks["9001"]["$dueAt"] == "2026-11-02T14:30:00.000Z"


def test_pitfall_09_a_due_time_in_the_reminder_of_that_day(importer):
    header = "Record Id|Task Owner|Subject|Due Date|Contact Name|Related To|Status|Reminder|Description"
    landed = importer(
        "zoho",
        header,
        "zcrm_1|Sam Rivera|That day|2026-11-02|||Not Started|2026-11-02 09:30:00|",
        "zcrm_2|Sam Rivera|The day before|2026-11-02|||Not Started|2026-11-01 09:30:00|",
    )
    assert [task["$dueAt"] for task in landed.tasks.values()] == ["2026-11-02T14:30:00.000Z", "2026-11-02T22:00:00.000Z"]


@pytest.mark.parametrize("place", range(len(MIDNIGHTS)))
def test_pitfall_10_the_midnight_of_a_salesforce_due_date_is_filler(salesforce, place):
    assert salesforce.tasks[f"10{place}"]["$dueAt"] == "2026-11-02T22:00:00.000Z"


REPORT = "Subject|Date|Status|Assigned|Company / Account|Opportunity|Full Comments|Activity ID"


def test_pitfall_11_the_lines_below_a_report_are_no_rows(importer, tmp_path):
    table = text_of([REPORT, "Call|11/22/2026|Not Started|Sam Rivera|Acme Corp|||00T5e00001axaQ0"])
    trailer = (
        '\n"Grand Totals (1 records)"\n\n"Copyright (c) 2000-2026 salesforce.com, inc."\n"Confidential Information - Do Not Distribute"\n'
    )
    (tmp_path / "report.csv").write_text(table + trailer)
    landed = importer("salesforce-report", data="report.csv", folder=tmp_path)
    assert (landed.actions, landed.failures) == ({"00T5e00001axaQ0": "created"}, [])


def test_pitfall_12_a_key_that_a_spreadsheet_rounded_is_refused(pipedrive):
    assert [(line["ID"], line["_error_code"]) for line in pipedrive.failures] == [("1.21143E+15", "mangled_key")]


def test_pitfall_12_leading_zeros_stay(pipedrive):
    assert pipedrive.tasks["0012"]["$title"] == "Zeros"


def test_pitfall_12_the_order_of_day_and_month_is_one_for_the_file(importer):
    rows = ["1|Proof|Task|To do|22/11/2026|||Sam Rivera||", "2|Either|Task|To do|03/04/2026|||Sam Rivera||"]
    assert importer("pipedrive", PIPEDRIVE, *rows).tasks["2"]["$dueAt"] == "2026-04-03T21:00:00.000Z"
    assert importer("pipedrive", PIPEDRIVE, rows[1].replace("2|", "3|", 1)).summary.exit_code == 2


@pytest.mark.parametrize(("delimiter", "encoding"), [(";", "utf-8-sig"), ("\t", "utf-16")])
def test_pitfall_12_a_file_that_a_spreadsheet_saved_in_its_own_way_is_read(importer, tmp_path, delimiter, encoding):
    text = text_of([PIPEDRIVE, "1|Grüße, Zoë|Task|To do||||Sam Rivera||"], delimiter=delimiter)
    (tmp_path / "saved.txt").write_bytes(text.encode(encoding))
    assert importer("pipedrive", data="saved.txt", folder=tmp_path).tasks["1"]["$title"] == "Grüße, Zoë"


def test_pitfall_13_other_spellings_of_a_header_are_known(importer):
    prefixed = "|".join(f"Activity - {name}" for name in PIPEDRIVE.upper().replace("ORGANISATION", "ORGANIZATION").split("|"))
    for header in (PIPEDRIVE.replace("Organisation", " Organization "), prefixed):
        assert importer("pipedrive", header, "1|Call|Task|To do||||Sam Rivera|Acme Corp|").tasks["1"]["$account"] == "Acme Corp"


def test_pitfall_13_a_header_in_another_language_is_refused_with_the_names_that_were_found(importer):
    landed = importer("pipedrive", "ID|Betreff|Typ|Erledigt|Zugewiesen an", "1|Anrufen|Aufgabe|Offen|Sam Rivera")
    assert landed.summary.exit_code == 2
    assert "has no column 'Subject'" in str(landed.summary.message)
    assert "ID, Betreff, Typ, Erledigt, Zugewiesen an" in str(landed.summary.message)


def test_pitfall_14_no_character_is_taken_off_unasked(pipedrive):
    assert (pipedrive.tasks["1401"]["$title"], pipedrive.tasks["1401"]["$description"]) == ("'=later", "-1+2")


def test_pitfall_15_a_task_that_stands_in_two_files_is_one_task(importer, tmp_path):
    header = "Record Id|Task Owner|Subject|Due Date|Contact Name|Related To|Status|Reminder|Description"
    for part in (1, 2):
        (tmp_path / f"Tasks_00{part}.csv").write_text(text_of([header, "zcrm_1|Sam Rivera|Call||||Not Started||"]))
    landed = importer("zoho", data="Tasks_00*.csv", folder=tmp_path)
    assert (landed.summary.counts["created"], landed.summary.counts["duplicate"]) == (1, 1)


def test_pitfall_16_without_a_subject_the_first_line_of_the_text_is_the_title(salesforce):
    text = "Ask for the signed copy\nand send ours"
    assert (salesforce.tasks["16a"]["$title"], salesforce.tasks["16a"]["$description"]) == ("Ask for the signed copy", text)
    assert (salesforce.actions["16b"], salesforce.codes) == ("rejected", ["missing_required"])


def test_pitfall_17_who_takes_over_from_people_who_left_is_filled_in_beside_their_names(importer, tmp_path):
    (tmp_path / "User.csv").write_text("Id,Email,IsActive\n005A,dana.whitfield@acme.example,0\n")
    rows = ["Id|Subject|Status|ActivityDate|Description|OwnerId", "00T1|Of Dana|Open|||005A"]
    assert importer("salesforce", *rows, folder=tmp_path, job=etl.check).summary.counts["rejected"] == 1
    lookups = tmp_path / "lookups.csv"
    lines = lines_of(lookups)
    assert [line["field"] for line in lines] == ["$assignedTo"]
    lookups.write_text(text_of([list(lines[0]), list({**lines[0], "use": "maria@acme.example"}.values())]))
    assert importer("salesforce", *rows, folder=tmp_path).tasks["00T1"]["$assignedTo"] == "maria@acme.example"
