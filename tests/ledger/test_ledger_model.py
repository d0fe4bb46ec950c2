"""Whatever is begun, finished and rejected in whatever order, with restarts between: does the ledger know what a plain dict knows?"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from etl.frames import KEY_DIGEST, SOURCE_KEY
from etl.records import WROTE, Action, Operation, OperationKind

KEYS = ("a", "b", "c", "d")
WRITES = {
    OperationKind.CREATE: Action.CREATED,
    OperationKind.UPDATE: Action.UPDATED,
    OperationKind.TRASH: Action.TRASHED,
}
ENDS = ("wrote", "adopted", Action.FAILED, Action.UNCERTAIN, Action.NOT_SENT, Action.CONFLICT)


@dataclass
class Row:
    state: str
    task_id: str | None = None
    fingerprint: bytes | None = None
    generation: int = 0
    revision: int = 0


@dataclass
class Intent:
    operation: Operation
    state: str = "open"
    before: str | None = None
    has_outcome: bool = False


class AgainstADict(RuleBasedStateMachine):
    """``rows`` and ``intents`` are the model; ``ledger`` and ``real`` what is tested."""

    make = None
    server = None

    @initialize()
    def open_new(self):
        self.folder = Path(tempfile.mkdtemp())
        self.home = self.make.home(server=self.server) if self.server else self.make.home(path=self.folder / "model.ledger")
        self.clock = self.make.clock()
        self.rows, self.intents = {}, {}
        self.open()

    def open(self):
        self.ledger, self.real = self.make.open_running(self.home, self.clock)

    def next_operation(self, key, title, trash):
        """What plan would choose for a row that the model knows so."""
        row, intent = self.rows.get(key), self.intents.get(key)
        base = self.make.create(key, title=title)
        if intent is not None and intent.state == "open":
            return replace(intent.operation, payload=base.payload, fingerprint=base.fingerprint, first_sent_at=None, seen_before=False)
        if row is None or row.state != "done":
            generation = 0 if row is None else row.generation
            return replace(base, generation=generation, idempotency_key=f"create-{key}-{generation}")
        kind = OperationKind.TRASH if trash else OperationKind.UPDATE
        idempotency_key = f"{kind}-{key}-{row.generation}-{row.revision}-{title}"
        known = {"task_id": row.task_id, "generation": row.generation, "revision": row.revision}
        return replace(base, kind=kind, idempotency_key=idempotency_key, **known)

    @rule(keys=st.sets(st.sampled_from(KEYS), min_size=1), title=st.sampled_from(["Call", "Write"]), trash=st.booleans())
    def begin(self, keys, title, trash):
        self.clock.move(1)
        now = self.clock.now()
        operations = [self.next_operation(key, title, trash) for key in sorted(keys)]
        begun = self.real.begin("run-1", operations, now)
        for operation, returned in zip(operations, begun, strict=True):
            old = self.intents.get(operation.source_key)
            was_open = old is not None and old.state == "open"
            first = old.operation.first_sent_at if was_open else now
            assert returned == replace(operation, first_sent_at=first, seen_before=was_open)
            before = None if old is None else old.state
            self.intents[operation.source_key] = Intent(returned, "open", before, old is not None and old.has_outcome)
            row = self.rows.get(operation.source_key)
            if operation.kind is OperationKind.TRASH and row.generation <= operation.generation:
                row.generation, row.revision = operation.generation + 1, 0

    @precondition(lambda self: any(intent.state == "open" for intent in self.intents.values()))
    @rule(data=st.data())
    def finish(self, data):
        opened = [key for key, intent in self.intents.items() if intent.state == "open"]
        keys = data.draw(st.lists(st.sampled_from(opened), min_size=1, unique=True))
        ends = {key: data.draw(st.sampled_from(ENDS)) for key in keys}
        self.real.finish("run-1", [self.outcome_of(key, end) for key, end in ends.items()])
        for key, end in ends.items():
            self.expect(key, end)

    def outcome_of(self, key, end):
        operation = self.intents[key].operation
        if end == "adopted" and operation.kind is OperationKind.CREATE:
            return self.make.outcome(operation, Action.ADOPTED, task_id=f"found-{key}")
        return self.make.outcome(operation, WRITES[operation.kind] if end in {"wrote", "adopted"} else end)

    def expect(self, key, end):
        intent, outcome = self.intents[key], self.outcome_of(key, end)
        operation, trouble = intent.operation, outcome.action in {Action.FAILED, Action.UNCERTAIN}
        if outcome.action in WROTE:
            trashed = outcome.action is Action.TRASHED
            counts = (operation.generation + 1, 0) if trashed else (operation.generation, operation.revision + 1)
            task_id = outcome.task_id or operation.task_id
            self.rows[key] = Row("trashed" if trashed else "done", task_id, operation.fingerprint, *counts)
            del self.intents[key]
        elif trouble:
            if key not in self.rows or self.rows[key].task_id is None:
                self.rows[key] = Row(outcome.action.value, None, None, operation.generation, operation.revision)
            intent.state = "failed" if outcome.action is Action.FAILED else "open"
            intent.has_outcome = True
        elif intent.before is None:
            del self.intents[key]
        else:
            intent.state = intent.before

    @rule(keys=st.sets(st.sampled_from(KEYS)))
    def reject(self, keys):
        frame = pl.DataFrame(
            {KEY_DIGEST: [self.make.digest_of(key) for key in keys], SOURCE_KEY: list(keys)},
            schema={KEY_DIGEST: pl.Binary, SOURCE_KEY: pl.String},
        )
        self.real.reject("run-1", frame)
        for key in keys:
            intent = self.intents.get(key)
            if intent is not None and intent.state == "open":
                continue
            if intent is not None and intent.operation.kind is OperationKind.CREATE:
                del self.intents[key]
            row = self.rows.setdefault(key, Row("rejected"))
            if row.task_id is None:
                row.state = "rejected"

    @rule(paused=st.booleans())
    def restart(self, paused):
        """After a crash the lease is there still, and runs out."""
        if paused:
            self.home.let_pass(self.clock, timedelta(hours=1).total_seconds())
        else:
            self.real.lease.release()
        self.ledger.close()
        self.open()

    @invariant()
    def the_ledger_knows_what_the_model_knows(self):
        if not hasattr(self, "real"):
            return
        asked = pl.Series([self.make.digest_of(key) for key in KEYS], dtype=pl.Binary)
        found = {entry.pop("key_digest"): entry for entry in self.real.entries(asked).to_dicts()}
        assert found == {self.make.digest_of(key): entry for key in KEYS if (entry := self.entry_of(key)) is not None}
        assert self.real.knows_keys(asked).to_list() == [key in self.rows or key in self.intents for key in KEYS]
        assert self.real.known_rows() == sum(row.task_id is not None for row in self.rows.values())

    def entry_of(self, key):
        row, intent = self.rows.get(key), self.intents.get(key)
        is_open = intent is not None and intent.state == "open"
        if row is not None:
            return vars(row) | {"has_intent": is_open}
        if not is_open:
            return None
        operation = intent.operation
        return vars(Row("uncertain", operation.task_id, None, operation.generation, operation.revision)) | {"has_intent": True}

    @invariant()
    def the_intents_are_those_of_the_model(self):
        if not hasattr(self, "real"):
            return
        real = [*self.real.open_intents(), *self.real.failed_intents()]
        expected = {key: replace(intent.operation, seen_before=intent.state == "open") for key, intent in self.intents.items()}
        assert {intent.operation.source_key: intent.operation for intent in real} == expected
        states = [(intent.state, intent.has_outcome) for intent in self.intents.values()]
        assert self.real.waiting() == {
            "failed": sum(state == "failed" for state, _ in states),
            "uncertain": states.count(("open", True)),
            "in_doubt": states.count(("open", False)),
        }

    def teardown(self):
        if hasattr(self, "ledger"):
            self.ledger.close()
            shutil.rmtree(self.folder)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("kind", "examples"), [("sqlite", 6), ("postgres", 3)])
def test_the_ledger_agrees_with_a_dict_after_any_sequence(make, request, kind, examples):
    server = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    machine = type("Machine", (AgainstADict,), {"make": make, "server": server})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=examples, stateful_step_count=20, suppress_health_check=list(HealthCheck)),
    )
