"""Who is on the other side, and may we do what this import needs?"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from etl.config.fields import LookupName
from etl.config.model import ReadConfig
from etl.errors import KeyRefusedError, ServiceDownError, WorkspaceError
from etl.jobs.first_pages import FirstPages
from etl.jobs.request import JobRequest
from etl.jobs.session import Session
from etl.jobs.settings import api_key, base_url
from etl.lightfield.answer import Category
from etl.lightfield.client import LightfieldClient, ObjectKind
from etl.lightfield.directory import all_members, key_info, task_definitions
from etl.lightfield.headers import ServerClock
from etl.lightfield.models import Definitions, KeyInfo, Member
from etl.lightfield.secret import ApiKey, normalise_origin
from etl.load.reader import ThrottledReader
from etl.load.stop import StopSwitch
from etl.load.task_look import TaskLook
from etl.load.throttle import Throttles
from etl.plan.fit import TargetDefinition, many_valued, misfits
from etl.report.summary import WorkspaceSummary

READ_SCOPE = "tasks:read"
CREATE_SCOPE = "tasks:create"
UPDATE_SCOPE = "tasks:update"
DELETE_SCOPE = "tasks:delete"
RESTORE_SCOPE = "tasks:restore"
MEMBERS_SCOPE = "members:read"

_KINDS: Mapping[str, ObjectKind] = {"member": "members", "account": "accounts", "opportunity": "opportunities", "contact": "contacts"}


@dataclass(frozen=True, slots=True)
class Connection:
    """An open client with what is shared by all its requests, and what the workspace said of itself.

    Attributes:
        members: None where the key may not read them.
        many: The relationships that take several ids.
        first_pages: Of the lists that the map looks into.
        look: At single tasks.
    """

    client: LightfieldClient
    key: ApiKey
    throttles: Throttles
    reader: ThrottledReader
    server_clock: ServerClock
    stop: StopSwitch
    info: KeyInfo
    members: tuple[Member, ...] | None
    many: frozenset[str]
    first_pages: FirstPages
    look: TaskLook


async def connect(session: Session, stop: StopSwitch, *, scopes: Sequence[str], by_map: bool = True) -> Connection:
    """Open the client and ask who is there.

    Args:
        session: The job; its cleanup closes the client, its summary learns the workspace.
        stop: Ends waits.
        scopes: What the API key must be allowed to do.
        by_map: Hold the map against the workspace.

    Raises:
        SettingsError: No key, or an address that is not https.
        KeyRefusedError: The key is wrong or lacks a scope that the config needs.
        ServiceDownError: Lightfield does not answer.
        WorkspaceError: It is not the workspace that the config names, or the map does not fit it.
    """
    request, around, job = session.request, session.around, session.config.job
    if around.practice:
        around.practice.learn_relationships(_custom_relationships(session.config))
    # The address first: a key must not even be looked up for one that it may not go to.
    origin = normalise_origin(base_url(request, around))
    key = api_key(request, around)
    client = LightfieldClient(origin, key, clock=around.clock, timeout_seconds=job.limits.timeout, transport=around.transport)
    await session.cleanup.enter_async_context(client)
    session.workspace = WorkspaceSummary(key_last_four=key.last_four, origin=client.origin)
    throttles = Throttles(around.clock, cap=_cap(request, session.config), share=job.limits.share)
    server_clock = ServerClock(around.clock)
    reader = ThrottledReader(
        throttles,
        clock=around.clock,
        random=around.random,
        stop=stop,
        server_clock=server_clock,
        attempts=job.limits.attempts,
        seconds_left=session.seconds_left,
        tell=lambda trouble: around.voice.say("info", "no_answer", f"{origin}: {trouble}; trying again"),
    )
    with told_with_address(client.origin):
        info = await key_info(reader, client)
    _hold_scopes(scopes, info)
    # A sandbox inside the process is filled with what the data asks for, and the data has not been read yet.
    first_pages = FirstPages(reader, client, () if around.practice else _looked_into(session.config, info))
    session.cleanup.push_async_callback(first_pages.close)
    members, definitions = await _ask(reader, client, info)
    session.workspace = with_members(session.workspace, members)
    if not around.practice:
        # A rehearsal is in no workspace of anybody's.
        hold_workspace(session.config, members)
    many = hold_map(session.config, definitions) if by_map else frozenset()
    return Connection(client, key, throttles, reader, server_clock, stop, info, members, many, first_pages, TaskLook(reader, client))


def write_rate(connection: Connection) -> float:
    """Writes per second that we may send, as far as is known now."""
    return connection.throttles[Category.WRITE].rate_per_second


@contextmanager
def told_with_address(origin: str) -> Iterator[None]:
    """A service that is down is told with its address: a mistyped one looks just like it."""
    try:
        yield
    except ServiceDownError as error:
        raise ServiceDownError(f"{origin}: {error.message}", next_step=error.next_step) from None


async def _ask(reader: ThrottledReader, client: LightfieldClient, info: KeyInfo) -> tuple[tuple[Member, ...] | None, Definitions]:
    definitions = asyncio.ensure_future(task_definitions(reader, client))
    try:
        members = await all_members(reader, client) if info.allows(MEMBERS_SCOPE) else None
        return members, await definitions
    finally:
        definitions.cancel()


def _custom_relationships(config: ReadConfig) -> dict[str, bool]:
    """The bare slugs of the map, and whether several ids are sent."""
    return {target: rule.take == "all" for target, rule in config.job.map.items() if not target.startswith("$")}


def _cap(request: JobRequest, config: ReadConfig) -> float | None:
    given = request.rate or (None if config.job.limits.rate == "auto" else config.job.limits.rate)
    return None if given is None else float(given)


def _hold_scopes(scopes: Sequence[str], info: KeyInfo) -> None:
    missing = [scope for scope in scopes if not info.allows(scope)]
    if not info.active:
        raise KeyRefusedError("the API key is not active", next_step="make a new key in Lightfield and set LIGHTFIELD_API_KEY")
    if missing:
        raise KeyRefusedError(
            f"the API key lacks {', '.join(missing)}, which this config needs",
            next_step="give the key these scopes in Lightfield, or use another key",
        )


def scopes_to_write(session: Session) -> list[str]:
    """What a run needs beside what the map needs."""
    return write_scopes(session.config, syncs=session.syncs)


def write_scopes(config: ReadConfig, *, syncs: bool) -> list[str]:
    """The same of a config, for a run that does or does not sync."""
    trashes = syncs and config.job.sync.on_missing == "trash"
    return [CREATE_SCOPE, *([UPDATE_SCOPE] if syncs else []), *([DELETE_SCOPE] if trashes else [])]


def scopes_to_map(config: ReadConfig) -> list[str]:
    """What is needed to turn names into ids, and to know whose workspace it is."""
    scopes = [f"{kind}:read" for kind in _kinds(config)]
    if config.job.workspace and MEMBERS_SCOPE not in scopes:
        scopes.append(MEMBERS_SCOPE)
    return [READ_SCOPE, *scopes]


def _kinds(config: ReadConfig) -> list[ObjectKind]:
    """What the map looks names up in."""
    lookups: set[LookupName] = {rule.lookup for rule in config.job.map.values() if rule.lookup}
    return sorted({_KINDS[lookup.split(".")[0]] for lookup in lookups})


def _looked_into(config: ReadConfig, info: KeyInfo) -> list[ObjectKind]:
    """Those besides the members, which are read whatever the map says."""
    return [kind for kind in _kinds(config) if kind != "members" and info.allows(f"{kind}:read")]


def with_members(workspace: WorkspaceSummary, members: tuple[Member, ...] | None) -> WorkspaceSummary:
    """What the members say of the workspace; None where they may not be read."""
    if members is None:
        return workspace
    domains = Counter(member.email.rpartition("@")[2].casefold() for member in members if member.email and "@" in member.email)
    return workspace.model_copy(update={"members": len(members), "domains": tuple(domain for domain, _ in domains.most_common())})


def hold_workspace(config: ReadConfig, members: tuple[Member, ...] | None) -> None:
    """Hold the workspace's members against the one that the config names.

    Raises:
        WorkspaceError: They lack it.
    """
    wanted = config.job.workspace
    if wanted is None or members is None:
        return
    if wanted.member.strip().casefold() not in {(member.email or "").strip().casefold() for member in members}:
        raise WorkspaceError(
            f"{config.where('workspace', 'member')}: {wanted.member} is no member of the workspace that this API key opens",
            next_step="use the key of the right workspace, or correct workspace.member in the config",
        )


def hold_map(config: ReadConfig, definitions: Definitions) -> frozenset[str]:
    """Hold the map against what a task is in this workspace; returns the relationships that take several ids.

    Raises:
        WorkspaceError: The map does not fit.
    """
    fields = {key: TargetDefinition(read_only=each.read_only) for key, each in definitions.fields.items()}
    relationships = {key: TargetDefinition(each.read_only, each.many) for key, each in definitions.relationships.items()}
    faults = misfits(config, fields, relationships)
    if faults:
        raise WorkspaceError("the map does not fit this workspace:\n" + "\n".join(faults), next_step=f"correct {config.path}")
    return many_valued(relationships)
