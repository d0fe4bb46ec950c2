# ruff: noqa: T201  a command speaks by printing
"""Is the simulation worth its time? Each rule is broken on purpose, and has to be caught: ``python tests/simulation/mutations.py``.

With ``--ledger postgres`` on a server.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

os.environ.setdefault("POLARS_MAX_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "servers"))

from postgres_server import PostgresServer
from simulated.play import play

from etl.jobs import journal, loading, reconcile, settle, tasks
from etl.ledger import lock
from etl.lightfield import walk
from etl.lightfield.client import PAGE_SIZE
from etl.load import recorder, send, throttle, verdict
from etl.plan import doubt, match, rebuild
from etl.records import Operation

Break = Callable[[ExitStack], None]


def nothing(_stack: ExitStack) -> None:
    """The product as it is."""


def send_before_the_intent_is_durable(stack: ExitStack) -> None:
    """``begin`` returns at once and is carried out a second later."""
    begin = journal.LedgerJournal.begin

    async def too_early(self: Any, operations: Sequence[Operation]) -> Sequence[Operation]:
        async def later() -> None:
            await asyncio.sleep(1.0)
            await begin(self, operations)

        _KEPT.append(asyncio.create_task(later()))
        return operations

    stack.enter_context(patch.object(journal.LedgerJournal, "begin", too_early))


def forget_intents(stack: ExitStack) -> None:
    """Nothing is noted before a request: what a crash leaves in doubt is not known to be."""
    begin = journal.LedgerJournal.begin

    async def unnoted(self: Any, operations: Sequence[Operation]) -> Sequence[Operation]:
        begun = await begin(self, operations)
        await self._thread.call(self._rows.settle_absent, operations)
        return begun

    stack.enter_context(patch.object(journal.LedgerJournal, "begin", unnoted))


def payload_in_the_key(stack: ExitStack) -> None:
    """A corrected row is sent with another key."""
    needed_operations = loading.needed_operations

    def keyed(*args: Any) -> Iterator[Operation]:
        for operation in needed_operations(*args):
            yield replace(operation, idempotency_key=f"{operation.idempotency_key[:40]}-{operation.fingerprint.hex()}")

    stack.enter_context(patch.object(loading, "needed_operations", keyed))


def timeout_is_failed(stack: ExitStack) -> None:
    """A request without an answer is taken for one that was not executed."""
    judge = verdict.judge

    def hasty(result: Any, **more: Any) -> Any:
        judged = judge(result, **more)
        return replace(judged, executed=verdict.Executed.NO) if judged.executed is verdict.Executed.MAYBE else judged

    stack.enter_context(patch.object(send, "judge", hasty))


def no_age_check(stack: ExitStack) -> None:
    """However old an intent is, it is sent again."""
    stack.enter_context(patch.object(send, "KEY_WINDOW", timedelta(days=999)))
    stack.enter_context(patch.object(doubt, "KEY_WINDOW", timedelta(days=999)))


def no_age_check_before_attempts(stack: ExitStack) -> None:
    """The age is only looked at when the run begins."""
    stack.enter_context(patch.object(send, "KEY_WINDOW", timedelta(days=999)))


def absent_after_an_incomplete_walk(stack: ExitStack) -> None:
    """One page is read, and what is not on it is called absent."""

    async def one_page(self: Any) -> str | None:
        page = await self._page(0)
        if page is not None:
            for task in page.tasks[:3]:
                self._see(task)
        return None

    stack.enter_context(patch.object(walk._Walk, "run", one_page))


def pages_need_not_join(stack: ExitStack) -> None:
    """Page follows page, whatever moved in between."""
    stack.enter_context(patch.object(walk, "STEP", PAGE_SIZE))
    stack.enter_context(patch.object(walk._Walk, "_joins", lambda *_: True))
    stack.enter_context(patch.object(walk._Walk, "_shortfall", lambda _: None))


def trash_is_looked_at_only_first(stack: ExitStack) -> None:
    """A task that is trashed during the walk is met nowhere."""
    walk_tasks, looked = tasks.walk_tasks, set[int]()

    async def once(reader: Any, *args: Any, trashed: bool = False, **more: Any) -> walk.Walked:
        if trashed and id(reader) in looked:
            return walk.Walked(complete=True, why_not=None, since=None, until=more["server_now"])
        looked.update({id(reader)} if trashed else ())
        _KEPT.append(reader)
        return await walk_tasks(reader, *args, trashed=trashed, **more)

    stack.enter_context(patch.object(tasks, "walk_tasks", once))


def lag_is_forgotten(stack: ExitStack) -> None:
    """Lists are taken to be up to date, and requests not to linger."""
    stack.enter_context(patch.object(walk, "LIST_LAG", timedelta(0)))
    stack.enter_context(patch.object(match, "LINGERS", timedelta(0)))


def edited_tasks_are_strangers(stack: ExitStack) -> None:
    """A task that somebody edited is not thought of as a row's."""
    stack.enter_context(patch.object(match, "is_edited", lambda _: False))
    stack.enter_context(patch.object(rebuild, "is_edited", lambda _: False))


def adopt_owned_tasks(stack: ExitStack) -> None:
    """Whose task it is already does not matter."""
    stack.enter_context(patch.object(settle, "not_owned", lambda _, task_ids: set(task_ids)))
    stack.enter_context(patch.object(reconcile, "owned_ids", lambda _: frozenset()))
    stack.enter_context(patch.object(tasks, "owned_ids", lambda _: frozenset()))


def there_is_no_lock(stack: ExitStack) -> None:
    """Two processes work at once, and neither hears of it."""
    nobody_is_turned_away(stack)
    a_lost_lock_goes_unnoticed(stack)


def nobody_is_turned_away(stack: ExitStack) -> None:
    """A second process takes the lock of one that works."""
    stack.enter_context(patch.object(lock, "LEASE_SECONDS", 0.0))


def a_lost_lock_goes_unnoticed(stack: ExitStack) -> None:
    """A process that was paused goes on where it was, although another one has taken over."""
    stack.enter_context(patch.object(lock.Lease, "check", lambda *_: None))
    stack.enter_context(patch.object(lock.Lease, "still_ours", lambda _: True))


def what_the_ledger_could_not_take_is_not_sent(stack: ExitStack) -> None:
    """Rows whose outcome could not be recorded are reported as if nothing had been sent."""
    stack.enter_context(patch.object(recorder.Recorder, "tell_unrecorded", lambda _: None))


def nobody_waits_for_the_limit(stack: ExitStack) -> None:
    """Requests leave as fast as they can."""
    stack.enter_context(patch.object(throttle.TokenBucket, "_wait_seconds", lambda _: 0.0))


_KEPT: list[Any] = []

MUTATIONS: dict[str, Break] = {
    each.__name__: each
    for each in (
        nothing,
        send_before_the_intent_is_durable,
        forget_intents,
        payload_in_the_key,
        timeout_is_failed,
        no_age_check,
        no_age_check_before_attempts,
        absent_after_an_incomplete_walk,
        pages_need_not_join,
        trash_is_looked_at_only_first,
        lag_is_forgotten,
        edited_tasks_are_strangers,
        adopt_owned_tasks,
        nobody_is_turned_away,
        there_is_no_lock,
        a_lost_lock_goes_unnoticed,
        what_the_ledger_could_not_take_is_not_sent,
        nobody_waits_for_the_limit,
    )
}


@contextmanager
def broken(name: str) -> Iterator[None]:
    """Within, the product breaks that rule."""
    with ExitStack() as stack:
        MUTATIONS[name](stack)
        yield
    _KEPT.clear()


def rules_caught(name: str, server: PostgresServer | None, seed: int) -> set[str]:
    """Which of the auditor's rules a schedule broke."""
    with broken(name):
        return {fault.split("]")[0].strip("[") for fault in play(seed, server=server).faults}


def main() -> int:
    """Exit code 1 when a mutation was caught nowhere."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=200, help="schedules for each mutation (default 200)")
    options.add_argument("--first", type=int, default=0)
    options.add_argument("--only", choices=list(MUTATIONS), help="this one alone")
    options.add_argument("--workers", type=int, default=os.cpu_count())
    options.add_argument("--ledger", choices=("sqlite", "postgres"), default="sqlite", help="where ledgers lie (default sqlite)")
    given = options.parse_args()
    names = [given.only] if given.only else list(MUTATIONS)
    server = PostgresServer.made(autovacuum="on") if given.ledger == "postgres" else None
    missed = 0
    with ProcessPoolExecutor(given.workers) as pool:
        for name in names:
            caught = [
                rules
                for rules in pool.map(partial(rules_caught, name, server), range(given.first, given.first + given.seeds), chunksize=5)
                if rules
            ]
            rules = Counter(rule for each in caught for rule in each)
            told = ", ".join(f"{rule} {number}" for rule, number in rules.most_common())
            print(f"{name.replace('_', ' ')}: caught in {len(caught)} of {given.seeds} schedules ({told})", flush=True)
            missed += name != nothing.__name__ and not caught
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
