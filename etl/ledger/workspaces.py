"""Which workspace is it, and has it been seen before?"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, and_, exists, func, or_, select
from sqlalchemy.engine import Connection

from etl.ledger.database import Database
from etl.ledger.schema import API_KEY, ENTRY, IMPORT, INTENT, MEMBER, SALT, WORKSPACE
from etl.ledger.state import OPEN
from etl.records import EntryState

_MEMBER_BYTES = 16
# Enough to tell a few keys apart, too little to confirm a guess of one.
_API_KEY_BYTES = 6
_IN_LIST = 500

_COLUMNS = (WORKSPACE.c.id, WORKSPACE.c.origin, WORKSPACE.c.label)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace that the ledger knows.

    Attributes:
        id: Within this ledger.
        origin: Normalized scheme, host and port of the API.
        label: For people.
    """

    id: int
    origin: str
    label: str


class Workspaces:
    """The workspaces of one ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.reading() as connection:
            self._salt = bytes(connection.execute(select(SALT.c.salt)).scalar_one())

    def find(self, origin: str, member_ids: Collection[str]) -> Workspace | None:
        """The workspace of that origin that shares most members, at least one; of several the one seen last."""
        with self._database.reading() as connection:
            return self._find(connection, origin, member_ids)

    def remember(self, origin: str, member_ids: Collection[str], label: str, workspace: Workspace | None, now: datetime) -> Workspace:
        """Creates the workspace, or refreshes label and members. Members who left stay: they still tell which workspace it is."""
        with self._database.writing() as connection:
            self._database.keep_others_out(connection)
            known = workspace or self._find(connection, origin, member_ids)
            if known is None:
                made = connection.execute(WORKSPACE.insert().values(origin=origin, label=label, seen_at=now)).inserted_primary_key
                known = Workspace(int(made[0]) if made else 0, origin, label)
            else:
                connection.execute(WORKSPACE.update().where(WORKSPACE.c.id == known.id).values(label=label, seen_at=now))
            digests = self._member_digests(member_ids)
            if digests:
                rows = [{"digest": digest, "workspace_id": known.id} for digest in digests]
                connection.execute(self._database.upsert(MEMBER, ()), rows)
            return Workspace(known.id, known.origin, label)

    def with_rows(self, origin: str, name: str) -> list[Workspace]:
        """The workspaces of that origin in which rows of this import are tasks, or may be."""
        may_be_one = ENTRY.c.task_id.is_not(None) | (ENTRY.c.state == EntryState.UNCERTAIN.value)
        has_tasks = exists().where(ENTRY.c.import_id == IMPORT.c.id, may_be_one)
        has_intents = exists().where(INTENT.c.import_id == IMPORT.c.id, INTENT.c.state == OPEN)
        query = (
            select(*_COLUMNS)
            .join(IMPORT, IMPORT.c.workspace_id == WORKSPACE.c.id)
            .where(WORKSPACE.c.origin == origin, IMPORT.c.name == name, or_(has_tasks, has_intents))
            .order_by(WORKSPACE.c.id)
        )
        with self._database.reading() as connection:
            return [_workspace(row) for row in connection.execute(query)]

    def remember_api_key(self, workspace: Workspace, api_key: str, now: datetime) -> None:
        """Keeps a salted, truncated digest of a key that opened this workspace."""
        row = {"digest": self._digest(api_key, _API_KEY_BYTES), "workspace_id": workspace.id, "seen_at": now}
        with self._database.writing() as connection:
            connection.execute(self._database.upsert(API_KEY, ("seen_at",)), row)

    def opened_by(self, origin: str, api_key: str) -> list[Workspace]:
        """The workspaces of that origin that this key opened before, last seen first."""
        query = (
            select(*_COLUMNS)
            .join(API_KEY, API_KEY.c.workspace_id == WORKSPACE.c.id)
            .where(WORKSPACE.c.origin == origin, API_KEY.c.digest == self._digest(api_key, _API_KEY_BYTES))
            .order_by(API_KEY.c.seen_at.desc(), WORKSPACE.c.id)
        )
        with self._database.reading() as connection:
            return [_workspace(row) for row in connection.execute(query)]

    def _find(self, connection: Connection, origin: str, member_ids: Collection[str]) -> Workspace | None:
        shared: dict[int, int] = {}
        for chunk in _chunks(self._member_digests(member_ids)):
            query = (
                select(MEMBER.c.workspace_id, func.count())
                .join(WORKSPACE, WORKSPACE.c.id == MEMBER.c.workspace_id)
                .where(and_(WORKSPACE.c.origin == origin, MEMBER.c.digest.in_(chunk)))
                .group_by(MEMBER.c.workspace_id)
            )
            for workspace_id, count in connection.execute(query):
                shared[workspace_id] = shared.get(workspace_id, 0) + count
        if not shared:
            return None
        most = max(shared.values())
        best = [workspace_id for workspace_id, count in shared.items() if count == most]
        query_best = select(*_COLUMNS).where(WORKSPACE.c.id.in_(best)).order_by(WORKSPACE.c.seen_at.desc(), WORKSPACE.c.id).limit(1)
        return _workspace(connection.execute(query_best).one())

    def _member_digests(self, member_ids: Iterable[str]) -> list[bytes]:
        return [self._digest(member_id, _MEMBER_BYTES) for member_id in sorted(set(member_ids))]

    def _digest(self, text: str, size: int) -> bytes:
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self._salt, digest_size=size).digest()


def _workspace(row: Row[int, str, str]) -> Workspace:
    return Workspace(row[0], row[1], row[2])


def _chunks(digests: list[bytes]) -> Iterable[list[bytes]]:
    return (digests[start : start + _IN_LIST] for start in range(0, len(digests), _IN_LIST))
