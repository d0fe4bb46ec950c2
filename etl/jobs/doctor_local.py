"""What does the doctor see on this side: ledger, input, webhook?"""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from etl.config.model import NotifyConfig, ReadConfig
from etl.config.provenance import is_said_by_preset
from etl.errors import LedgerError
from etl.extract.scan import OpenSource, open_source
from etl.jobs.findings import Findings
from etl.jobs.request import JobRequest, Surroundings
from etl.jobs.settings import given_ledger_url, ledger_url
from etl.ledger.find import find_ledger
from etl.ledger.location import Location, locate
from etl.ledger.store import Ledger
from etl.transform.compile import compile_recipe
from etl.transform.lookups import unchecked_tables
from etl.transform.mentions import mentioned_columns, targets_with_several
from etl.transform.side_files import read_side_files

_FOR_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def examine_ledger(findings: Findings, request: JobRequest, around: Surroundings, config: ReadConfig | None) -> None:
    """Is the ledger there, and can it be written? None is made by looking."""
    url = given_ledger_url(request.ledger, around) if config is None else ledger_url(request, around, config)
    if url is None:
        return
    with findings.looking_at("ledger"):
        location = locate(url)
        if location.path is None and location.server is None:
            findings.warn("ledger", "in memory: it forgets each run at its end", "name a file or a PostgreSQL database")
            return
        ledger = find_ledger(url, clock=around.clock)
        if ledger is None:
            _look_at_its_place(findings, location)
            return
        with closing(ledger):
            ledger.probe_writing()
            findings.ok("ledger", f"{location.shown}: readable and writable{_told_of(ledger, config)}")
        _look_at_its_mode(findings, location)


def _told_of(ledger: Ledger, config: ReadConfig | None) -> str:
    imports = ledger.imports(config.job.name if config else None)
    rows = sum(each.known_rows() for each in imports)
    held = next((found for each in imports if (found := each.lease.look()) is not None), None)
    at_work = f"; a run is at work: {held.holder}, since {held.since:%Y-%m-%d %H:%M} UTC" if held and config else ""
    return f"; {rows:,} rows of {config.job.name if config else f'{len(imports):,} imports'} have a task{at_work}"


def _look_at_its_place(findings: Findings, location: Location) -> None:
    if location.path is None:
        findings.ok("ledger", f"{location.shown}: reachable; the first run makes its tables")
        return
    folder = location.path.parent
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        what = "cannot be written" if folder.is_dir() else "is not there"
        raise LedgerError(f"the ledger {location.shown} cannot be made: the folder {folder} {what}", next_step=f"make {folder} writable")
    findings.ok("ledger", f"{location.shown} is not there yet: the first run makes it")


def _look_at_its_mode(findings: Findings, location: Location) -> None:
    if location.path is not None and location.path.stat().st_mode & _FOR_OTHERS:
        findings.warn("ledger", f"{location.shown} can be read by others: it holds what was sent", f"chmod 600 {location.path}")


def examine_input(findings: Findings, request: JobRequest, around: Surroundings, config: ReadConfig) -> None:
    """Has the file what the map names?"""
    folder = around.working_folder if request.data else config.folder
    patterns = request.data or config.job.source.path
    if not patterns:
        findings.ok("input", "no source.path in the config: to have a file's header looked at, name it after the config")
        return
    with findings.looking_at("input"), tempfile.TemporaryDirectory(prefix="lightfield-etl-") as scratch:
        source = open_source(
            config.job.source,
            patterns,
            folder,
            names=mentioned_columns(config.job),
            scratch=Path(scratch) / "source",
            stdin=around.stdin,
            spare=is_said_by_preset(config, "source", "exclude"),
        )
        with source:
            _look_at_headers(findings, config, source)


def _look_at_headers(findings: Findings, config: ReadConfig, source: OpenSource) -> None:
    job, side_files = config.job, read_side_files(config, source.side_tables)
    for file in source.files:
        compile_recipe(config, file, unchecked_tables(job), many=targets_with_several(job), side_files=side_files)
        read_as = f" ({file.encoding}, delimiter {file.delimiter!r})" if file.encoding and file.delimiter else ""
        notes = "".join(f"; {note}" for note in file.notes)
        findings.ok("input", f"{file.path}: its {len(file.columns)} columns have all that the map names{read_as}{notes}")


def examine_webhook(findings: Findings, notify: NotifyConfig) -> None:
    """Can messages be addressed? Nothing is sent by looking."""
    routed = any(key == "routing_key" for key, _ in parse_qsl(urlsplit(notify.url).query))
    if notify.format == "pagerduty" and not routed:
        findings.warn("notify", "PagerDuty needs a routing key", "write the URL as https://events.pagerduty.com/v2/enqueue?routing_key=…")
    else:
        findings.ok("notify", f"{notify.format}, on {' and '.join(notify.on)} (nothing was sent)")
