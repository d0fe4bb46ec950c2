"""Is there a ledger? The database's library, a tenth of a second of a start, is imported for one that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etl.clock import Clock
from etl.ledger.location import NoLedgerError, check_file, locate

if TYPE_CHECKING:
    from etl.ledger.store import Ledger


def find_ledger(url: str, *, clock: Clock) -> Ledger | None:
    """Opens a ledger for who only looks; makes nothing. None where there is none, and for memory.

    Raises:
        LedgerError, LocalFailureError: As ``open_ledger``.
    """
    location = locate(url)
    if location.path is None and location.server is None:
        return None
    try:
        check_file(location, create=False)
        from etl.ledger.store import open_ledger

        return open_ledger(url, clock=clock, create=False)
    except NoLedgerError:
        return None
