"""Rehearses a preset on a file in this process: ``check`` and ``run --sandbox`` without a socket, and what they left behind."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from etl.cli.practice import SandboxPractice
from etl.clock import SystemClock
from etl.config.presets import preset_path, samples_folder
from etl.jobs.check import check
from etl.jobs.perform import perform_job
from etl.jobs.request import JobRequest, Surroundings
from etl.jobs.run import run
from etl.report.summary import Summary
from etl.report.voice import Voice, make_console
from etl.sandbox.app import Sandbox
from etl.sandbox.limits import Limits
from etl.sandbox.records import Record
from etl.sandbox.workspace import Workspace

_JOBS = {"check": check, "run": run}


@dataclass(frozen=True)
class Rehearsed:
    """What a job left behind.

    Attributes:
        summary: The job's own summary.
        failures: The lines of ``failures.csv``.
        results: The lines of ``results.csv``; none of a check.
        payloads: Of each created task by its source key: fields and relationships, ids given back as e-mail or name.
        said: Everything that was told on stderr.
    """

    summary: Summary
    failures: list[dict[str, str]]
    results: list[dict[str, str]]
    payloads: dict[str, dict[str, Any]]
    said: str

    @property
    def counts(self) -> dict[str, int]:
        """The summary's counts that are not nought."""
        return {action.value: rows for action, rows in self.summary.counts.items() if rows}

    @property
    def problems(self) -> list[tuple[int, str, str]]:
        """Row, code and field of each line in ``failures.csv``, by row."""
        return sorted((int(line["_row"]), line["_error_code"], line["_error_field"]) for line in self.failures)

    @property
    def kinds(self) -> dict[str, int]:
        """How many lines of ``failures.csv`` have which code."""
        return dict(Counter(line["_error_code"] for line in self.failures))

    def message(self, row: int) -> str:
        """What ``failures.csv`` says about a row."""
        [found] = [line["_error_message"] for line in self.failures if int(line["_row"]) == row]
        return found


class Rehearsal:
    """Rehearses presets. Each job has a folder of its own, where its config and side files may lie.

    Attributes:
        folder: What the next config's paths are relative to; side files are put there.
    """

    def __init__(self, root: Path, known: dict[tuple[str, str], Rehearsed]) -> None:
        self.folder = root / "work"
        self.folder.mkdir()
        self._root = root
        self._jobs = 0
        self._known = known

    def check(self, preset: str, data: str | Path | Sequence[str | Path], limit: int | None = None, **changes: Any) -> Rehearsed:
        """``check`` with every name accepted unseen; arguments as ``run``."""
        return self._job("check", preset, data, limit, changes)

    def run(self, preset: str, data: str | Path | Sequence[str | Path], limit: int | None = None, **changes: Any) -> Rehearsed:
        """``run --sandbox``.

        Args:
            preset: Its name.
            data: One or several: a sample's file name, or a path.
            limit: Only the first rows, which takes less time.
            changes: What a config of the user's own says over the preset; without any, the preset itself is used.
        """
        return self._job("run", preset, data, limit, changes)

    def sample_run(self, preset: str, sample: str) -> Rehearsed:
        """``run`` of a preset itself on a whole sample: done once for all tests that want to look at it."""
        known = (preset, sample)
        if known not in self._known:
            self._known[known] = self.run(preset, sample)
        return self._known[known]

    def write(self, name: str, content: str | bytes | Sequence[Sequence[str]], **csv_options: Any) -> Path:
        """A file in ``folder``: text, bytes, or rows that are written as CSV."""
        path = self.folder / name
        if isinstance(content, str | bytes):
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        else:
            with path.open("w", encoding="utf-8", newline="") as stream:
                csv.writer(stream, **{"lineterminator": "\n", **csv_options}).writerows(content)
        return path

    def _job(
        self, command: str, preset: str, data: str | Path | Sequence[str | Path], limit: int | None, changes: Mapping[str, Any]
    ) -> Rehearsed:
        self._jobs += 1
        out = self._root / f"out{self._jobs}"
        sandbox = Sandbox(Workspace(knows_everything=True), limits=Limits.unlimited(), random=Random(3), keep_requests=0)
        sandbox.workspace.add_member("you@sandbox.example", "Sam", "Sandbox")
        said = io.StringIO()
        clock = SystemClock()
        around = Surroundings(
            environment={},
            clock=clock,
            random=Random(5),
            voice=Voice(make_console(said, {"COLUMNS": "200"}), mode="text", now=clock.now),
            stdin=None,
            working_folder=self.folder,
            practice=SandboxPractice(sandbox, "http://localhost"),
            transport=httpx.ASGITransport(sandbox),
        )
        paths = (data,) if isinstance(data, str | Path) else data
        # A check writes lookups.csv where it works, so that is not where the samples lie.
        files = [str(samples_folder() / path) for path in paths]
        request = JobRequest(
            command=command,
            config_path=self._config(preset, changes),
            data=tuple(files),
            out=out,
            limit=limit,
            typed=f"lightfield-etl {command} {preset}",
            assume_yes=True,
        )
        summary = perform_job(_JOBS[command], request, around)
        folder = out / summary.run_id
        results = _records(folder / "results.csv")
        return Rehearsed(summary, _records(folder / "failures.csv"), results, _payloads(results, sandbox), said.getvalue())

    def _config(self, preset: str, changes: Mapping[str, Any]) -> Path:
        if not changes:
            path = preset_path(preset)
            assert path is not None, preset
            return path
        told = {"extends": preset, "name": f"our-{preset}", **changes}
        path = self.folder / f"{preset}-{self._jobs}.yaml"
        path.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
        return path


def _records(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    head = path.read_text(encoding="utf-8-sig").partition("\n")[0]
    delimiter = max(",;\t|", key=head.count)
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=delimiter))


def _payloads(results: Sequence[Mapping[str, str]], sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    tasks = {task.id: task for task in sandbox.tasks}
    created = ((line["source_key"], tasks[line["task_id"]]) for line in results if line["action"] == "created")
    return {key: _payload(task, sandbox.workspace) for key, task in created}


def _payload(task: Record, workspace: Workspace) -> dict[str, Any]:
    """Without what is empty, and without who the server says made it."""
    fields = {key: value for key, value in task.fields.items() if value not in (None, "", [])}
    related = {key: [_name(identifier, workspace) for identifier in ids] for key, ids in task.relationships.items() if ids}
    related.pop("$createdBy", None)
    return {**fields, **{key: names[0] if len(names) == 1 else names for key, names in related.items()}}


def _name(identifier: str, workspace: Workspace) -> str:
    member = workspace.members.get(identifier)
    if member is not None:
        email, name = member.fields["$email"], member.fields["$name"]
        full_name = " ".join(part for part in (name["firstName"], name["lastName"]) if part)
        # A member that was learned by name has an invented address, one that was learned by e-mail has no name.
        return full_name or email
    for collection in (workspace.accounts, workspace.opportunities):
        found = collection.get(identifier)
        if found is not None:
            return str(found.fields["$name"])
    return identifier


@pytest.fixture(scope="session")
def known_runs():
    """The runs of whole samples that were done already."""
    return {}


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory, known_runs):
    """``rehearsal.check(preset, data, **changes)``, ``.run`` and ``.sample_run``: a preset on a file, in this process."""
    return Rehearsal(tmp_path_factory.mktemp("rehearsal"), known_runs)
