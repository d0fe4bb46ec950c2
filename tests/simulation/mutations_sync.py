# ruff: noqa: T201  a command speaks by printing
"""The rules of sync and undo, each broken on purpose: ``python tests/simulation/mutations_sync.py``."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

os.environ.setdefault("POLARS_MAX_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "servers"))

from simulated.sync_play import play

from etl.jobs import settle_changes, syncing, undoing
from etl.ledger import intents, outcomes
from etl.ledger.imports import ImportLedger
from etl.load import task_look
from etl.plan import changes, undo
from etl.plan.doubtful_change import Happened
from etl.plan.payload import value_in
from etl.plan.three_way import Written
from etl.records import Action, Operation, OperationKind, Outcome

Break = Callable[[ExitStack], None]


def nothing(_stack: ExitStack) -> None:
    """The product as it is."""


def _keys(stack: ExitStack, change: Callable[[Operation, bytes | None], tuple[Operation, bytes | None]]) -> None:
    key_of_write = syncing.key_of_write

    def other(name: str) -> Any:
        make = key_of_write(name)
        return lambda operation, digest: make(*change(operation, digest))

    stack.enter_context(patch.object(syncing, "key_of_write", other))
    stack.enter_context(patch.object(undoing, "key_of_write", other))


def payload_left_out_of_the_key(stack: ExitStack) -> None:
    """Two updates of one revision have one key."""
    _keys(stack, lambda operation, _: (operation, None))


def revision_left_out_of_the_key(stack: ExitStack) -> None:
    """The second A of A, B, A has the key of the first."""
    _keys(stack, lambda operation, digest: (replace(operation, revision=0), digest))


def generation_is_not_raised(stack: ExitStack) -> None:
    """Within a day, the create after a trash has the key of the trashed task's create."""
    entry = outcomes._entry
    stack.enter_context(patch.object(outcomes, "_entry", lambda outcome: entry(outcome) | {"generation": outcome.operation.generation}))
    stack.enter_context(patch.object(intents, "_raise_generations", lambda *_: None))


@dataclass(frozen=True, slots=True)
class _AsWritten:
    fields: Mapping[str, Any]
    relationships: Mapping[str, tuple[str, ...]]


def nobody_looks_first(stack: ExitStack) -> None:
    """Tasks are taken to be as we left them."""

    async def unseen(self: syncing.Syncing, draft: syncing.Draft) -> Operation | Outcome:
        if draft.former is not None:
            return draft.operation
        content = (draft.written or Written({}, {})).content
        related = {slug: (ids,) if isinstance(ids, str) else tuple(ids) for slug, ids in content.get("relationships", {}).items()}
        theirs, now = _AsWritten(content.get("fields", {}), related), self.session.around.clock.now()
        decide = changes.vanished if draft.gone and draft.written is not None else changes.change
        return decide(draft.operation, draft.written, theirs, self.rules, now)  # type: ignore[arg-type]

    stack.enter_context(patch.object(syncing.Syncing, "_decided", unseen))


def all_fields_are_sent(stack: ExitStack) -> None:
    """An update sends the whole row, also what people alone changed."""
    merge = changes.merge

    def whole(written: Written, ours: Mapping[str, Any], theirs: Any, targets: Sequence[str], **more: Any) -> Any:
        found = merge(written, ours, theirs, targets, **more)
        values = {target: value_in(ours, target) for target in targets}
        return replace(found, payload=changes_body(values)) if found.payload else found

    changes_body = __import__("etl.plan.three_way", fromlist=["update_body"]).update_body
    stack.enter_context(patch.object(changes, "merge", whole))


def a_change_in_doubt_is_sent_again_blindly(stack: ExitStack) -> None:
    """Whatever its task says by now."""
    stack.enter_context(patch.object(settle_changes, "happened", lambda *_, **__: Happened.AGAIN))


def a_change_in_doubt_is_taken_for_done(stack: ExitStack) -> None:
    """Whatever its task says."""
    stack.enter_context(patch.object(settle_changes, "happened", lambda *_, **__: Happened.DONE))


def undo_does_not_mind_people(stack: ExitStack) -> None:
    """What they touched is taken back too."""
    stack.enter_context(patch.object(undo, "touched", lambda *_, **__: ()))


def a_vanished_row_takes_what_people_touched(stack: ExitStack) -> None:
    """Its task goes to the trash, whatever they made of it."""
    stack.enter_context(patch.object(changes, "touched", lambda *_, **__: ()))


def conflicts_are_overwritten(stack: ExitStack) -> None:
    """The source wins, whatever the config says."""
    merge = changes.merge
    stack.enter_context(patch.object(changes, "merge", lambda *args, **_: merge(*args, source_wins=True)))


def a_newer_task_does_not_hinder_a_restore(stack: ExitStack) -> None:
    """Undo, import again, undo the undo: two live tasks."""

    def heedless(self: undoing.Undo, _run: str, last: Any, _newest: Any) -> Iterator[Any]:
        yield undo.Planned(undoing._draft(last), undoing.undoing(self._writes_of_row(last)), undoing.written_of(last))

    stack.enter_context(patch.object(undoing.Undo, "_of_row", heedless))


def changes_are_not_recorded_as_intents(stack: ExitStack) -> None:
    """What a crash leaves of updates, trashes and restores is not known."""
    begin = ImportLedger.begin

    def unnoted(self: ImportLedger, run_id: str, operations: Sequence[Operation], now: Any) -> Any:
        begun = begin(self, run_id, operations, now)
        self.settle_absent([each for each in operations if each.kind is not OperationKind.CREATE])
        return begun

    stack.enter_context(patch.object(ImportLedger, "begin", unnoted))


def undo_forgets_what_was_emptied(stack: ExitStack) -> None:
    """A former value that was empty is not put back."""
    undoing_of = undoing.undoing

    def forgetful(*args: Any, **more: Any) -> Any:
        found = undoing_of(*args, **more)
        return replace(found, values={target: value for target, value in found.values.items() if value is not None})

    stack.enter_context(patch.object(undoing, "undoing", forgetful))


def an_update_without_an_answer_is_done(stack: ExitStack) -> None:
    """Uncertain updates are recorded as acknowledged."""
    finish = outcomes._record_written
    trouble = outcomes._record_trouble

    def hopeful(work: Any, run: int, found: Sequence[Outcome]) -> None:
        wrong = [each for each in found if each.action is Action.UNCERTAIN and each.operation.kind is OperationKind.UPDATE]
        trouble(work, run, [each for each in found if each not in wrong])
        finish(work, run, [replace(each, action=Action.UPDATED) for each in wrong])

    stack.enter_context(patch.object(outcomes, "_record_trouble", hopeful))


def nobody_looks_at_the_former_task(stack: ExitStack) -> None:
    """A row whose task we trashed gets a new one, also where people took it out again."""

    async def unseen(_self: syncing.Syncing, operation: Operation) -> Operation:
        return operation

    stack.enter_context(patch.object(syncing.Syncing, "_anew", unseen))


def a_change_that_people_undid_keeps_its_key(stack: ExitStack) -> None:
    """Its replay answers when it is planned again."""
    stack.enter_context(patch.object(intents, "_raise_revisions", lambda *_: None))


def a_task_that_cannot_be_read_is_gone(stack: ExitStack) -> None:
    """An error of the service is taken for a task that people deleted."""
    look = task_look.TaskLook.retrieve

    async def unseen(self: task_look.TaskLook, task_id: str) -> Any:
        try:
            return await look(self, task_id)
        except task_look.UnreadableTaskError:
            return None

    stack.enter_context(patch.object(task_look.TaskLook, "retrieve", unseen))


MUTATIONS: dict[str, Break] = {
    each.__name__: each
    for each in (
        nothing,
        payload_left_out_of_the_key,
        revision_left_out_of_the_key,
        generation_is_not_raised,
        nobody_looks_first,
        all_fields_are_sent,
        a_change_in_doubt_is_sent_again_blindly,
        a_change_in_doubt_is_taken_for_done,
        undo_does_not_mind_people,
        a_vanished_row_takes_what_people_touched,
        conflicts_are_overwritten,
        a_newer_task_does_not_hinder_a_restore,
        changes_are_not_recorded_as_intents,
        undo_forgets_what_was_emptied,
        an_update_without_an_answer_is_done,
        nobody_looks_at_the_former_task,
        a_change_that_people_undid_keeps_its_key,
        a_task_that_cannot_be_read_is_gone,
    )
}


@contextmanager
def broken(name: str) -> Iterator[None]:
    """Within, the product breaks that rule."""
    with ExitStack() as stack:
        MUTATIONS[name](stack)
        yield


def rules_caught(name: str, seed: int) -> set[str]:
    """Which of the auditor's rules a schedule broke."""
    with broken(name):
        return {fault.split("]")[0].strip("[") for fault in play(seed).faults}


def main() -> int:
    """Exit code 1 when a mutation was caught nowhere."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=200, help="schedules for each mutation (default 200)")
    options.add_argument("--first", type=int, default=0)
    options.add_argument("--only", choices=list(MUTATIONS), help="this one alone")
    options.add_argument("--workers", type=int, default=os.cpu_count())
    given = options.parse_args()
    names = [given.only] if given.only else list(MUTATIONS)
    missed = 0
    with ProcessPoolExecutor(given.workers) as pool:
        for name in names:
            seeds = range(given.first, given.first + given.seeds)
            caught = [rules for rules in pool.map(partial(rules_caught, name), seeds, chunksize=5) if rules]
            rules = Counter(rule for each in caught for rule in each)
            told = ", ".join(f"{rule} {number}" for rule, number in rules.most_common())
            print(f"{name.replace('_', ' ')}: caught in {len(caught)} of {given.seeds} schedules ({told})", flush=True)
            missed += name != nothing.__name__ and not caught
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
