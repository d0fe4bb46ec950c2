"""What does the load need of a ledger?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from etl.records import Operation, Outcome


class Journal(Protocol):
    """Notes every write before its first byte, and what became of it."""

    async def begin(self, operations: Sequence[Operation]) -> Sequence[Operation]:
        """Return once the intents are durable.

        Returns:
            What is to be sent, in the same order, with ``begun_at``; ``first_sent_at`` and ``seen_before`` tell of an earlier intent of
            the same key.
        """
        ...

    async def finish(self, outcomes: Sequence[Outcome]) -> None:
        """Return once the outcomes are durable."""
        ...

    async def renew(self) -> None:
        """Hold on to the lock after a pause.

        Raises:
            EtlError: Another run has it.
        """
        ...

    def still_ours(self) -> bool:
        """Is the lock still held by this run?"""
        ...
