"""Was this key seen before?"""

from __future__ import annotations

from datetime import datetime, timedelta

from etl.sandbox.answers import Answer, RefusalError, bad_request

REMEMBERED_FOR = timedelta(hours=24)
LONGEST_KEY = 255

Scope = tuple[str, str]


class IdempotencyKeys:
    """Keys by operation type, kept for 24 hours after a success.

    A key is *claimed* when its request arrives, then *kept* with the answer of the success, or *forgotten* after a failure.
    """

    def __init__(self) -> None:
        self._in_flight: set[Scope] = set()
        self._kept: dict[Scope, tuple[Answer, datetime]] = {}

    def claim(self, scope: Scope, now: datetime) -> Answer | None:
        """Begin a request under a key.

        Args:
            scope: Operation type and key.
            now: UTC.

        Returns:
            The stored answer when the key had a success within 24 hours: nothing is to be done then. None: go on, and end with ``keep`` or
            ``forget``.

        Raises:
            RefusalError: 400 for a key that is too long; 409 while the first request of this key still runs.
        """
        if len(scope[1]) > LONGEST_KEY:
            raise bad_request("idempotency_key_too_long", f"Idempotency-Key is longer than {LONGEST_KEY} characters.", "Idempotency-Key")
        if scope in self._in_flight:
            raise RefusalError(
                409, "idempotency_conflict", "A request with this Idempotency-Key is still running.", param="Idempotency-Key"
            )
        self._drop_expired(now)
        stored = self._kept.get(scope)
        if stored is not None:
            return stored[0]
        self._in_flight.add(scope)
        return None

    def keep(self, scope: Scope, answer: Answer, now: datetime) -> None:
        """The request under this key has succeeded."""
        self._in_flight.discard(scope)
        self._kept[scope] = (answer, now)

    def forget(self, scope: Scope) -> None:
        """The request under this key has failed: the next one runs again."""
        self._in_flight.discard(scope)

    def _drop_expired(self, now: datetime) -> None:
        # Kept in the order of time, so those to drop stand in front.
        while self._kept:
            scope, (_, kept_at) = next(iter(self._kept.items()))
            if now - kept_at < REMEMBERED_FOR:
                return
            del self._kept[scope]
