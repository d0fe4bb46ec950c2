"""How long does a lease hold, and what is said when it is lost? Apart from ``lock``: who only looks needs no database for it."""

from __future__ import annotations

from etl.errors import StoppedError

LEASE_SECONDS = 60.0
"""A lease that was not renewed for so long may be taken over."""
HEARTBEAT_SECONDS = 10.0
"""How often ``Lease.renew`` is to be called."""


class LockLostError(StoppedError):
    """The lease passed to another process, or was never taken: nothing more may be sent or recorded."""

    reason = "lock_lost"
