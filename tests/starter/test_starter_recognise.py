"""Which CRM wrote a file, by the names of its columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.config.model import SourceConfig
from etl.config.presets import preset_names, samples_folder
from etl.extract.scan import open_source
from etl.starter.recognise import SIGNATURES, recognise, signature_names

NO_TASKS = {"attio-members.csv", "hubspot-owners.csv"}
SAMPLES = sorted(path.name for path in samples_folder().iterdir() if path.suffix != ".yaml" and path.name not in NO_TASKS)

HEADERS = {
    "hubspot": "Record ID,Task title,Task body,Due date,Task status,Assigned to",
    "hubspot ": "hs_object_id,hs_task_subject,hs_task_status,hs_timestamp,hubspot_owner_id",
    "salesforce": "Id,WhoId,WhatId,WhoCount,Subject,ActivityDate,Status,OwnerId,IsDeleted,SystemModstamp",
    "salesforce ": "ID,SUBJECT,STATUS,ACTIVITYDATE,OWNERID",
    "salesforce-report": "Subject,Date,Status,Priority,Assigned,Company / Account,Contact,Full Comments",
    "pipedrive": "ID,Subject,Type,Done,Organization,Deal,Due date,Due time,Assigned to user",
    "pipedrive ": "Activity - Subject,Activity - Done,Activity - Assigned to user,Activity - Due date,Deal - ID",
    "zoho": "Record Id,Task Owner.id,Task Owner,Subject,Due Date,Related To.id,Related To,Status",
    "dynamics": "(Do Not Modify) Task,(Do Not Modify) Row Checksum,(Do Not Modify) Modified On,Subject,Owner",
    "dynamics ": "activityid,subject,description,scheduledend,statecode,statuscode",
    "asana": "Task ID,Created At,Completed At,Last Modified,Name,Section/Column,Assignee,Assignee Email",
    "close": "id,_type,text,date,is_complete,assigned_to,lead_id,lead_name",
    "attio": "id.task_id,content_plaintext,deadline_at,is_completed",
    "suitecrm": "Subject,ID,Status,Due Date,Parent Type,Parent ID,Assigned to,Assigned User ID",
    "monday": "Name,Subitems,Person,Status,Date",
    "trello": "Card ID,Card Name,List ID,List Name,Archived",
    "odoo": "Title,Stage,State,Assignees,Customer,Deadline",
}


@pytest.mark.parametrize(("preset", "header"), HEADERS.items())
def test_each_system_is_recognised_by_its_header(preset, header):
    assert recognise(header.split(",")).preset == preset.strip()


@pytest.mark.parametrize("header", HEADERS.values())
def test_case_blanks_and_a_byte_order_mark_do_not_matter(header):
    plain = recognise(header.split(","))
    columns = header.upper().split(",")
    assert recognise([f"\ufeff{columns[0]}", *(f" {column} " for column in columns[1:])]).preset == plain.preset


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_is_recognised_below_a_preamble_and_in_an_archive_too(name, tmp_path):
    source = SourceConfig.model_validate({"key": "content"})
    with open_source(source, [name], samples_folder(), names=signature_names(), scratch=tmp_path) as opened:
        found = recognise(opened.files[0].columns).preset
    assert found == max((preset for preset in preset_names() if name.startswith(preset)), key=len)


def test_hubspot_and_zoho_have_one_first_column_and_are_told_by_the_second():
    assert recognise(["Record ID", "Task title", "Task Owner.id"]).preset == "hubspot"
    assert recognise(["Record ID", "Task Owner.id", "Task title"]).preset == "zoho"


def test_the_columns_that_gave_it_away_are_named_as_the_file_has_them():
    assert recognise(["X", "RECORD ID ", "Task Title"]).columns == ("RECORD ID ", "Task Title")


@pytest.mark.parametrize("columns", [[], ["id"], ["ID", "Title", "Status", "Due", "Owner"], ["Record ID", "First name"]])
def test_a_file_that_bears_no_signature_is_none_of_them(columns):
    assert recognise(columns) is None


def test_every_signature_belongs_to_a_preset_and_every_preset_has_one():
    assert set(SIGNATURES) == set(preset_names())


@given(st.lists(st.text(max_size=20), max_size=8))
def test_any_header_can_be_looked_at(columns):
    found = recognise(columns)
    assert found is None or set(found.columns) <= set(columns)


def test_a_header_below_a_preamble_is_found_by_names_with_and_without_prefix():
    assert {"subject", "activity - subject", "record id"} <= signature_names()
