"""How does the load reach the ledger, and how is the lock kept?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from etl.clock import Clock
from etl.errors import EtlError
from etl.jobs.threads import LedgerThread
from etl.ledger.lease_terms import HEARTBEAT_SECONDS, LockLostError
from etl.lightfield.headers import ServerClock
from etl.load.stop import StopSwitch
from etl.records import Operation, Outcome

if TYPE_CHECKING:
    from etl.ledger.imports import ImportLedger


class LedgerJournal:
    """The ledger as the load sees it: intents durable before their first byte, outcomes after."""

    def __init__(self, thread: LedgerThread, rows: ImportLedger, run_id: str, server_clock: ServerClock) -> None:
        self._thread = thread
        self._rows = rows
        self._run_id = run_id
        self._server_clock = server_clock

    async def begin(self, operations: Sequence[Operation]) -> Sequence[Operation]:
        """Return once the intents are durable; their time is the server's."""
        now = self._server_clock.now()
        begun = await self._thread.call(self._rows.begin, self._run_id, operations, now)
        # Only an intent of before leaves a doubt behind; a new one is first sent now.
        left = [operation if noted.first_sent_at == now else noted for operation, noted in zip(operations, begun, strict=True)]
        return [replace(each, begun_at=now) for each in left]

    async def finish(self, outcomes: Sequence[Outcome]) -> None:
        """Return once the outcomes are durable."""
        await self._thread.call(self._rows.finish, self._run_id, outcomes)

    async def renew(self) -> None:
        """Hold on to the lock after a pause: nobody else may have taken it.

        Raises:
            LockLostError: Somebody has.
        """
        await self._thread.call(self._rows.lease.renew)

    def still_ours(self) -> bool:
        """Can no other process have the lock?"""
        return self._rows.lease.still_ours()


async def keep_lease(thread: LedgerThread, rows: ImportLedger, clock: Clock, stop: StopSwitch) -> None:
    """The lease's heartbeat, until cancelled.

    A lock that was lost stops the run, and so does a ledger that cannot be reached for so long that the lock may be.
    """
    while True:
        await clock.sleep(HEARTBEAT_SECONDS)
        try:
            await thread.call(rows.lease.renew)
        except EtlError as error:
            if isinstance(error, LockLostError) or not rows.lease.still_ours():
                stop.trip(error)
                return
