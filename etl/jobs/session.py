"""What does a job gather on its way, and how does it end up in ``summary.json``?"""

from __future__ import annotations

import functools
import getpass
import platform
import shutil
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from etl.config.model import ReadConfig
from etl.errors import EtlError, InterruptedRunError, StoppedError
from etl.frames import PreparedBatch, SourceFile
from etl.jobs.request import JobRequest, Surroundings
from etl.load.stop import StopSwitch
from etl.records import Action, LoadCourse, RowClass
from etl.report.attention import AttentionRow
from etl.report.counts import all_counts, exit_code_for
from etl.report.folder import RunFolder, new_run_id
from etl.report.problems import ProblemTally
from etl.report.summary import (
    ConfigSummary,
    DataSummary,
    LoadSummary,
    ProblemSummary,
    Summary,
    VersionSummary,
    WorkspaceSummary,
    status_for,
)


@dataclass(slots=True)
class Session:
    """One job on its way: what it was asked, where it writes, and what it has seen so far.

    Attributes:
        config: The config that was read; from the look at the dates on with the one order of day and month that they prove.
        request, around: What was asked for, and the world.
        folder: The run's folder.
        scratch: A private temporary folder, removed at the end.
        started_at: UTC.
        cleanup: What has to be closed, in reverse order.
        tally: Problems by kind.
        remarks: What was decided for rows that are none the worse for it, by kind.
        counts: Rows by action.
        classes: Rows by what they are, held against Lightfield (``verify``).
        files: The input.
        rows_by_file: Rows of each file by its index, as far as they were read.
        workspace, load, ledger: For the summary, once known.
        attention: The first rows that need a person, for the page.
        course: How the writes went over time, for the page; None where nothing was sent.
        out_of_reach: What needs a person although no row of this run's reports says so, in a sentence.
        next_step: What a person does next although the job finished, in a sentence; None where there is nothing.
        day_order: Which of day and month the dates of this input proved to come first; None where nothing had to be proved.
        books: Notes the run's end in the ledger's history; None before its begin was noted.
        started_seconds: When it started, of the clock that never jumps.
    """

    config: ReadConfig
    request: JobRequest
    around: Surroundings
    folder: RunFolder
    scratch: Path
    started_at: datetime
    cleanup: AsyncExitStack
    started_seconds: float
    tally: ProblemTally = field(default_factory=ProblemTally)
    remarks: ProblemTally = field(default_factory=ProblemTally)
    counts: Mapping[Action, int] = field(default_factory=dict)
    classes: Mapping[RowClass, int] | None = None
    files: tuple[SourceFile, ...] = ()
    rows_by_file: dict[int, int] = field(default_factory=dict)
    workspace: WorkspaceSummary | None = None
    load: LoadSummary = field(default_factory=LoadSummary)
    ledger: str | None = None
    attention: tuple[AttentionRow, ...] = ()
    course: LoadCourse | None = None
    out_of_reach: str | None = None
    next_step: str | None = None
    day_order: str | None = None
    books: Callable[[Summary], Awaitable[None]] | None = None

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self.folder.run_id

    @property
    def syncs(self) -> bool:
        """Are rows that changed to be updated?"""
        return self.config.job.mode == "sync" if self.request.sync is None else self.request.sync

    def count_batch(self, prepared: PreparedBatch) -> None:
        """Take in the rows and the problems of one batch; once for each row of the input."""
        self.tally.add(prepared)
        if prepared.remarks is not None:
            self.remarks.add_problems(prepared.remarks, file=prepared.raw.file.path)
        index = prepared.raw.file.index
        self.rows_by_file[index] = self.rows_by_file.get(index, 0) + prepared.frame.height

    def seconds_left(self) -> float | None:
        """Until ``--max-duration``, counted from the start of the job; None without one."""
        longest = self.request.max_duration_seconds
        return None if longest is None else longest - (self.around.clock.elapsed_seconds() - self.started_seconds)

    def summary(self, error: EtlError | None) -> Summary:
        """The summary of what was seen until now; ``error`` is why the job did not finish."""
        exit_code = error.exit_code if error else max(exit_code_for(self.counts), int(self.out_of_reach is not None))
        return Summary(
            run_id=self.run_id,
            command=self.request.command,
            status=status_for(exit_code),
            exit_code=exit_code,
            reason=error.reason if error else None,
            message=error.message if error else self.out_of_reach,
            next_command=self._next_command(error),
            started_at=self.started_at,
            finished_at=self.around.clock.now(),
            name=self.config.job.name,
            workspace=self.workspace,
            config=ConfigSummary(path=str(self.config.path), sha256=self.config.sha256),
            data=tuple(DataSummary.of(file, rows=self.rows_by_file.get(file.index)) for file in self.files),
            counts=all_counts(self.counts),
            classes=None if self.classes is None else dict(self.classes),
            problems=tuple(ProblemSummary.of(kind) for kind in self.tally.kinds()),
            remarks=tuple(ProblemSummary.of(kind) for kind in self.remarks.kinds()),
            load=self.load,
            versions=versions(),
            user=user_name(),
            host=platform.node(),
            ledger=self.ledger,
            files=tuple(path.name for path in self.folder.written()),
        )

    def _next_command(self, error: EtlError | None) -> str | None:
        if error is None:
            return self.next_step
        if error.next_step or not isinstance(error, StoppedError | InterruptedRunError):
            return error.next_step
        return again(self.request)


def again(request: JobRequest) -> str:
    """What to do when a run was stopped."""
    return f"run the same command again: {request.typed}"


def give_up_if_asked(stop: StopSwitch) -> None:
    """End the job if it was asked to stop.

    Raises:
        EtlError: What tripped the switch, or an InterruptedRunError where a signal did.
    """
    if stop.asked:
        raise stop.verdict()


def open_session(config: ReadConfig, request: JobRequest, around: Surroundings, cleanup: AsyncExitStack) -> Session:
    """A session with its run folder and its scratch folder.

    Raises:
        SettingsError: The results folder cannot be used.
    """
    now = around.clock.now()
    folder = RunFolder.create(around.working_folder / request.out, new_run_id(now, f"{around.random.getrandbits(24):06x}"))
    scratch = Path(tempfile.mkdtemp(prefix="lightfield-etl-"))
    cleanup.callback(shutil.rmtree, scratch, ignore_errors=True)
    return Session(
        config=config,
        request=request,
        around=around,
        folder=folder,
        scratch=scratch,
        started_at=now,
        cleanup=cleanup,
        started_seconds=around.clock.elapsed_seconds(),
    )


@functools.cache
def versions() -> VersionSummary:
    """What is at work; a library's description is read once."""
    return VersionSummary(
        lightfield_etl=version("lightfield-etl"),
        python=platform.python_version(),
        polars=version("polars"),
        httpx=version("httpx"),
        sqlite=sqlite3.sqlite_version,
    )


def user_name() -> str:
    """Who runs this."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A container's numeric user has no name.
        return "unknown"
