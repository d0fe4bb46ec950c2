"""Does summary.json say what its readers rely on?"""

from __future__ import annotations

import ast
import inspect
import json
import stat
from pathlib import Path

import pytest
from pydantic import ValidationError

from etl.records import NEEDS_A_PERSON, Action
from etl.report.counts import exit_code_for, no_rows
from etl.report.problems import ProblemExample, ProblemKind
from etl.report.summary import DataSummary, ProblemSummary, Status, Summary, status_for, summary_text, write_summary

KEYS = {
    "run_id", "command", "status", "exit_code", "reason", "message", "next_command", "started_at", "finished_at", "duration_seconds",
    "name", "workspace", "config", "data", "counts", "classes", "rows", "problems", "remarks", "load", "versions", "user", "host",
    "ledger", "files",
}  # fmt: skip


def test_the_keys_are_the_documented_ones(make):
    assert set(make.summary().to_dict()) == KEYS


def test_every_key_is_described_where_it_is_declared():
    tree = ast.parse(Path(inspect.getfile(Summary)).read_text(encoding="utf-8"))
    parts = [
        node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.endswith("Summary") and node.name != "VersionSummary"
    ]
    undescribed = [
        ast.unparse(statement.target)
        for part in parts
        for statement, following in zip(part.body, [*part.body[1:], None], strict=True)
        if isinstance(statement, ast.AnnAssign)
        and not (isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant) and isinstance(following.value.value, str))
    ]
    assert len(parts) > 5
    assert undescribed == []


def test_every_action_is_counted_zeros_too(make):
    told = make.summary(counts={Action.CREATED: 2, Action.FAILED: 1}).to_dict()
    assert told["counts"] == {**{action.value: 0 for action in Action}, "created": 2, "failed": 1}
    assert told["rows"] == 3


def test_times_are_utc_and_the_duration_is_in_seconds(make):
    told = make.summary().to_dict()
    assert (told["started_at"], told["finished_at"], told["duration_seconds"]) == ("2026-11-22T12:00:00Z", "2026-11-22T12:05:00Z", 300.0)


@pytest.mark.parametrize("action", Action)
def test_the_exit_code_is_1_exactly_when_a_row_needs_a_person(action):
    assert exit_code_for({**no_rows(), action: 1}) == (1 if action in NEEDS_A_PERSON else 0)


@pytest.mark.parametrize(
    ("exit_code", "status"),
    [
        (0, "finished"),
        (1, "finished_with_failures"),
        (2, "nothing_written"),
        (3, "stopped"),
        (4, "locked"),
        (130, "interrupted"),
        (143, "interrupted"),
    ],
)
def test_each_exit_code_has_its_status(exit_code, status):
    assert status_for(exit_code) is Status(status)


def test_it_is_written_privately_and_whole_and_goes_over_an_older_one(make, folder):
    for name in ("first", "zweite, größer"):
        write_summary(folder, make.summary(name=name))
    assert json.loads(folder.summary.read_text("utf-8"))["name"] == "zweite, größer"
    assert stat.S_IMODE(folder.summary.stat().st_mode) == 0o600
    assert [path.name for path in folder.path.iterdir()] == ["summary.json"]


def test_the_text_is_the_same_json(make):
    summary = make.summary()
    assert json.loads(summary_text(summary)) == summary.to_dict()


def test_problems_are_told_with_examples(make):
    kind = ProblemKind("unknown", "$status", 7, (ProblemExample(2, "a.csv", "Doen", "say TODO"),), (("Doen", 7),), 1)
    told = make.summary(problems=(ProblemSummary.of(kind),)).to_dict()["problems"]
    example = {"row": 2, "file": "a.csv", "value": "Doen", "message": "say TODO"}
    assert told == [{"code": "unknown", "field": "$status", "rows": 7, "examples": [example]}]


def test_a_source_file_is_told_by_path_digest_and_form(make):
    told = DataSummary.of(make.file(delimiter=";"), rows=12).model_dump()
    assert told == {
        "path": "tasks.csv",
        "sha256": "0" * 64,
        "bytes": 10,
        "rows": 12,
        "encoding": "utf-8",
        "delimiter": ";",
        "notes": (),
    }


def test_a_summary_is_not_changed_after_the_fact(make):
    with pytest.raises(ValidationError, match="frozen"):
        make.summary().exit_code = 0
