"""What does the doctor see of Lightfield: key, scopes, version, clock, limits, workspace?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from etl.config.model import ReadConfig
from etl.errors import EtlError, KeyRefusedError, ServiceDownError
from etl.jobs.connect import (
    MEMBERS_SCOPE,
    READ_SCOPE,
    hold_map,
    hold_workspace,
    scopes_to_map,
    told_with_address,
    with_members,
    write_scopes,
)
from etl.jobs.findings import Findings
from etl.jobs.request import JobRequest, Surroundings
from etl.jobs.settings import api_key, base_url
from etl.lightfield.answer import Answer, Category
from etl.lightfield.client import API_VERSION, LightfieldClient
from etl.lightfield.directory import all_members, task_definitions
from etl.lightfield.headers import ServerClock
from etl.lightfield.models import KeyInfo, Member
from etl.lightfield.pages import understood
from etl.lightfield.secret import normalise_origin
from etl.load.reader import ThrottledReader
from etl.load.stop import StopSwitch
from etl.load.throttle import DOCUMENTED_RATE, Throttles
from etl.report.summary import WorkspaceSummary
from etl.report.wording import workspace_text

SKEW_TOLD_FROM = timedelta(seconds=30)

_ATTEMPTS = 3
_DATE_IS_CUT_BY = timedelta(seconds=0.5)  # on average, to whole seconds
_OK_CLASS = 2


@dataclass(frozen=True, slots=True)
class _Line:
    """An open line to Lightfield, with one answer that came over it."""

    client: LightfieldClient
    reader: ThrottledReader
    throttles: Throttles
    answer: Answer


async def examine_service(findings: Findings, request: JobRequest, around: Surroundings, config: ReadConfig | None) -> None:
    """Ask Lightfield who the key is, and look at what comes with the answer."""
    try:
        # The address first: a key must not even be looked up for one that it may not go to.
        origin = normalise_origin(base_url(request, around))
        key = api_key(request, around)
    except EtlError as error:
        findings.problem("key", error)
        return
    async with LightfieldClient(origin, key, clock=around.clock, transport=around.transport) as client:
        try:
            line = await _first_answer(client, around)
        except KeyRefusedError as error:
            findings.problem("key", error)
            return
        except EtlError as error:
            findings.problem("service", error)
            return
        with findings.looking_at("service"):
            _look_at_clock(findings, line.answer, around)
            info = understood(KeyInfo.read, _body(line.answer))
            findings.ok("version", f"Lightfield accepts the version {API_VERSION}")
            _look_at_key(findings, info, f"key ending in {key.last_four}")
            _look_at_scopes(findings, info, config)
            if info.active:
                seen = WorkspaceSummary(key_last_four=key.last_four, origin=client.origin)
                await _look_at_workspace(findings, line, info, seen, config)
            _look_at_limits(findings, line)


async def _first_answer(client: LightfieldClient, around: Surroundings) -> _Line:
    throttles = Throttles(around.clock)
    reader = ThrottledReader(
        throttles, clock=around.clock, random=around.random, stop=StopSwitch(), server_clock=ServerClock(around.clock), attempts=_ATTEMPTS
    )
    with told_with_address(client.origin):
        answer = await reader.answer(client.validate, Category.READ)
    return _Line(client, reader, throttles, answer)


def _body(answer: Answer) -> object:
    if answer.status // 100 == _OK_CLASS:
        return answer.body
    code = answer.fault.code if answer.fault else None
    if code == "version_header":
        raise ServiceDownError(
            f"Lightfield does not accept the version {API_VERSION} of its API any more", next_step="look for a newer lightfield-etl"
        )
    raise ServiceDownError(
        f"it answered {answer.status} when it was asked about the key: is this Lightfield's address?",
        next_step="check --base-url and LIGHTFIELD_BASE_URL",
    )


def _look_at_clock(findings: Findings, answer: Answer, around: Surroundings) -> None:
    if answer.server_time is None:
        findings.warn("clock", "Lightfield's answers carry no time: this machine's clock is relied on")
        return
    written = around.clock.now() - timedelta(seconds=answer.latency_seconds / 2)
    skew = written - (answer.server_time + _DATE_IS_CUT_BY)
    if abs(skew) < SKEW_TOLD_FROM:
        findings.ok("clock", "within 30 s of Lightfield's")
        return
    side = "ahead of" if skew > timedelta(0) else "behind"
    findings.warn(
        "clock",
        f"this machine's clock is {abs(skew).total_seconds():,.0f} s {side} Lightfield's",
        "let the machine set its clock (NTP): what is in doubt goes by Lightfield's time, but guards.max_age and reports by this one",
    )


def _look_at_key(findings: Findings, info: KeyInfo, shown: str) -> None:
    if info.active:
        findings.ok("key", f"active, of a {info.subject_type or 'user or workspace'}, {shown}")
        return
    step = "make a new key in Lightfield and set LIGHTFIELD_API_KEY"
    findings.problem("key", KeyRefusedError(f"the API key is not active ({shown})", next_step=step))


def _look_at_scopes(findings: Findings, info: KeyInfo, config: ReadConfig | None) -> None:
    needed = [] if config is None else [*write_scopes(config, syncs=config.job.mode == "sync"), *scopes_to_map(config)]
    asked = f": {', '.join(needed)}" if needed else " that the config needs"
    if not info.scopes:
        findings.warn(
            "scopes",
            "full access: this key may do everything in the workspace, also what no import needs",
            f"make a key with only the scopes{asked}",
        )
        return
    missing = [scope for scope in needed if not info.allows(scope)]
    # Whose workspace it is, is known by its members: that scope is never one too many.
    spare = sorted(info.scopes - {*needed, MEMBERS_SCOPE}) if needed else []
    parts = [f"missing: {', '.join(missing)}"] if missing else []
    parts += [f"more than needed: {', '.join(spare)}"] if spare else []
    if missing:
        error = KeyRefusedError(" · ".join(parts), next_step=f"give the key {', '.join(missing)} (Lightfield, settings, API keys)")
        findings.problem("scopes", error)
    elif spare:
        findings.warn("scopes", " · ".join(parts), "take these scopes from the key, unless undo or another config needs them")
    else:
        findings.ok("scopes", ", ".join(sorted(info.scopes)))


async def _look_at_workspace(findings: Findings, line: _Line, info: KeyInfo, seen: WorkspaceSummary, config: ReadConfig | None) -> None:
    with findings.looking_at("workspace"):
        members: tuple[Member, ...] | None = None
        if info.allows(MEMBERS_SCOPE):
            members = await all_members(line.reader, line.client)
        if config is not None:
            hold_workspace(config, members)
        shown = workspace_text(with_members(seen, members))
        if members is None:
            findings.warn(
                "workspace", f"{shown}: its members cannot be read", f"give the key {MEMBERS_SCOPE}: a workspace is known by them"
            )
        else:
            findings.ok("workspace", shown)
    if config is not None and info.allows(READ_SCOPE):
        with findings.looking_at("map"):
            hold_map(config, await task_definitions(line.reader, line.client))
            findings.ok("map", "every field and relationship is one of this workspace's tasks")


def _look_at_limits(findings: Findings, line: _Line) -> None:
    told = {category: line.throttles[category].limit_per_second for category in (Category.READ, Category.SEARCH)}
    shown = ", ".join(f"{category.value} {limit:g}" for category, limit in told.items())
    left = line.answer.rate.remaining
    free = "" if left is None else f"; {left} left in the bucket of reads"
    findings.ok("limits", f"requests a second: {shown} (documented: {DOCUMENTED_RATE:g} each; write shows with the first write){free}")
