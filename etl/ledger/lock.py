"""Does this process, and no other, run this import?

A lease in the database: taken with a token, renewed by a heartbeat, free again a minute after its last renewal. Every ``begin`` and
``finish`` checks the token in its own transaction, so a process that was paused past its lease can write nothing more.

Where the database is a server, its clock alone says when the minute is over, whichever hosts there are and whatever their clocks show. Of
a file, whose processes mostly share a machine, the clock that never jumps does; and the lease of one that is dead is free at once.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection

from etl.clock import Clock
from etl.errors import LockedError
from etl.ledger.database import AnyRow, Database
from etl.ledger.holder import Holder, is_dead
from etl.ledger.lease_terms import HEARTBEAT_SECONDS, LEASE_SECONDS, LockLostError
from etl.ledger.schema import LEASE

_POLL_SECONDS = 1.0
_TOKEN_BYTES = 12
_OF_LEASE = tuple(column.name for column in LEASE.columns if column.name != "import_id")


@dataclass(frozen=True, slots=True)
class _Sighting:
    """Another's lease as it stood when we first saw it so. ``at`` is of our own ``elapsed_seconds``."""

    token: str
    renewed_at: datetime
    at: float


@dataclass(frozen=True, slots=True)
class Held:
    """A lease in somebody's hands. ``holder`` as in ``Holder.text``; ``since`` is UTC."""

    holder: str
    since: datetime


class Lease:
    """The right to run one import.

    Attributes:
        import_name: For messages.
        taken_from: After ``acquire``: whose lease was taken over because they died or did not renew it, else None.
    """

    def __init__(self, database: Database, import_id: int, import_name: str, *, clock: Clock, holder: Holder) -> None:
        self.import_name = import_name
        self.taken_from: str | None = None
        self._database = database
        self._import_id = import_id
        self._clock = clock
        self._holder = holder
        self._token: str | None = None
        self._renewed_elapsed = 0.0
        self._sighting: _Sighting | None = None

    def acquire(self, wait_seconds: float = 0, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Takes the lease, and waits for it that long; having it already is fine.

        Args:
            wait_seconds: 0 tries once.
            sleep: Blocks the calling thread; called between tries.

        Raises:
            LockedError: Another process holds it; the message says who, since when, and when it expires.
        """
        deadline = self._clock.elapsed_seconds() + wait_seconds
        while True:
            try:
                self._take()
            except LockedError:
                left = deadline - self._clock.elapsed_seconds()
                if left <= 0:
                    raise
                sleep(min(_POLL_SECONDS, left))
            else:
                return

    def renew(self) -> None:
        """The heartbeat, every ``HEARTBEAT_SECONDS``.

        Raises:
            LockLostError: Another process has taken it.
        """
        elapsed = self._clock.elapsed_seconds()
        with self._database.writing() as connection:
            self.check(connection)
            renewal = {"renewed_at": self._now(connection), "renewed_elapsed": elapsed}
            connection.execute(LEASE.update().where(LEASE.c.import_id == self._import_id).values(**renewal))
        self._renewed_elapsed = elapsed

    def still_ours(self) -> bool:
        """Whether no other process can have it; asks no database, so it can be called before every attempt.

        False a heartbeat before others may take it, and after any pause of that length, suspension included: ``renew`` then tells.
        """
        age = self._clock.elapsed_seconds() - self._renewed_elapsed
        return self._token is not None and age < LEASE_SECONDS - HEARTBEAT_SECONDS

    def check(self, connection: Connection) -> None:
        """Holds the token against the database, within the caller's transaction.

        Raises:
            LockLostError: The lease is not ours.
        """
        row = connection.execute(
            select(LEASE.c.token, LEASE.c.holder).where(LEASE.c.import_id == self._import_id).with_for_update()
        ).first()
        if self._token is None or row is None or row[0] != self._token:
            self._token = None
            raise self._lost(row[1] if row is not None and row[0] is not None else None)

    @property
    def holder(self) -> str:
        """Who holds it once it is acquired, for people: ``user@host (pid 12)``."""
        return self._holder.text

    def look(self) -> Held | None:
        """Who runs the import now, as far as one look can tell; takes nothing. None: nobody, or somebody who died."""
        elapsed = self._clock.elapsed_seconds()
        with self._database.reading() as connection:
            row = connection.execute(select(LEASE).where(LEASE.c.import_id == self._import_id)).first()
            if row is None or row.token is None or self._seconds_left(row, connection, elapsed) <= 0:
                return None
        return Held(row.holder, row.since)

    def release(self) -> None:
        """Gives it back, if it is ours; calling it twice is fine."""
        if self._token is None:
            return
        mine = (LEASE.c.import_id == self._import_id, LEASE.c.token == self._token)
        with self._database.writing() as connection:
            connection.execute(LEASE.update().where(*mine).values(token=None))
        self._token = None

    def _take(self) -> None:
        elapsed = self._clock.elapsed_seconds()
        token = secrets.token_hex(_TOKEN_BYTES)
        with self._database.writing() as connection:
            row = self._locked_row(connection, elapsed)
            if row.token is not None and row.token == self._token:
                token = row.token
            elif row.token is not None:
                left = self._seconds_left(row, connection, elapsed)
                if left > 0:
                    raise self._locked(row.holder, row.since, left)
            connection.execute(self._database.upsert(LEASE, _OF_LEASE), self._row(token, self._now(connection), elapsed))
            self.taken_from = row.holder if row.token not in {None, token} else None
        self._token, self._renewed_elapsed = token, elapsed

    def _locked_row(self, connection: Connection, elapsed: float) -> AnyRow:
        """The import's lease, which no other process can change until the transaction ends; a free one is made where there is none."""
        query = select(LEASE).where(LEASE.c.import_id == self._import_id).with_for_update()
        row = connection.execute(query).first()
        if row is None:
            # What is not there cannot be locked: of two who come at once, the second waits here and then sees the first's.
            connection.execute(self._database.upsert(LEASE, ()), self._row(None, self._clock.now(), elapsed))
            row = connection.execute(query).one()
        return row

    def _row(self, token: str | None, now: datetime, elapsed: float) -> dict[str, Any]:
        return {
            "import_id": self._import_id,
            "token": token,
            "holder": self._holder.text,
            "machine": self._holder.machine,
            "pid": self._holder.pid,
            "process_started": self._holder.process_started,
            "since": now,
            "renewed_at": now,
            "renewed_elapsed": elapsed,
        }

    def _now(self, connection: Connection) -> datetime:
        return self._database.now(connection) or self._clock.now()

    def _seconds_left(self, row: AnyRow, connection: Connection, elapsed: float) -> float:
        """How long its holder may go on without a renewal; 0 or less: it is free.

        Args:
            row: The lease.
            connection: Where it was read.
            elapsed: Of our clock before it was read, so that a wait for it counts for its holder.
        """
        now = self._database.now(connection)
        if now is not None:
            age = (now - row.renewed_at) / timedelta(seconds=1)
            # A server's clock may have been set back, or be another server's since a failover.
            return LEASE_SECONDS - (age if age >= 0 else self._watched_seconds(row, elapsed))
        if is_dead(Holder(row.holder, row.machine, row.pid, row.process_started), self._holder):
            return 0.0
        return LEASE_SECONDS - max(self._age_seconds(row, elapsed), self._watched_seconds(row, elapsed))

    def _age_seconds(self, row: AnyRow, elapsed: float) -> float:
        """Since the last renewal: on one machine by the clock that never jumps, else by the wall clocks."""
        if row.machine == self._holder.machine and elapsed >= row.renewed_elapsed:
            return float(elapsed - row.renewed_elapsed)
        return float((self._clock.now() - row.renewed_at) / timedelta(seconds=1))

    def _watched_seconds(self, row: AnyRow, elapsed: float) -> float:
        """How long we have seen it without a renewal: right even where the wall clocks differ."""
        seen = self._sighting
        if seen is None or (seen.token, seen.renewed_at) != (row.token, row.renewed_at):
            # The moment after it was read: its holder may have renewed it while we waited for it.
            seen = self._sighting = _Sighting(row.token, row.renewed_at, self._clock.elapsed_seconds())
        return elapsed - seen.at

    def _locked(self, holder: str, since: datetime, left: float) -> LockedError:
        left = min(left, LEASE_SECONDS)
        return LockedError(
            f"another run of {self.import_name!r} holds the lock: {holder}, since {since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC;"
            f" it expires in {max(1, round(left))} s unless that run goes on",
            next_step="run the same command again when it has finished, or wait for it: --wait 10m",
        )

    def _lost(self, holder: str | None) -> LockLostError:
        by = f"; {holder} holds it now" if holder else ""
        return LockLostError(
            f"the lock of {self.import_name!r} is no longer ours: this process was paused, waited for an answer, or could not renew it, for"
            f" more than {LEASE_SECONDS:g} seconds{by}; nothing more was sent",
            next_step="run the same command again; what was in flight is settled first",
        )
