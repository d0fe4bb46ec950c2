"""What has to happen to each row, given what the ledger knows of it?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from etl.frames import (
    EXCLUDED,
    FINGERPRINT,
    GIVEN_KEY,
    HAS_PROBLEM,
    KEY_DIGEST,
    PROBLEM_CODE,
    PROBLEM_FIELD,
    PROBLEM_MESSAGE,
    PROBLEM_VALUE,
    RESERVED,
    ROW,
    SOURCE_KEY,
    PreparedBatch,
)
from etl.plan.payload import task_body
from etl.records import Action, EntryState, Operation, OperationKind

CREATE = "create"
"""In ``Choice.frame``, the intention of a row that needs a call and has no task."""
UPDATE = "update"
"""That of a row whose task is to be changed; whether a call is needed is known once the task was looked at."""

DUPLICATE_KEY = "duplicate_key"
UNKNOWN_SOURCE_KEY = "unknown_source_key"
STILL_UNCERTAIN = "still_uncertain"

_DECIDED_BY = (ROW, EXCLUDED, SOURCE_KEY, KEY_DIGEST, FINGERPRINT, HAS_PROBLEM)
_DUPLICATE_KEY_MESSAGE = (
    "the source key {} stands in another row of this input with different content: keep one of them, or correct the key"
)
_UNKNOWN_KEY_MESSAGE = (
    "the ledger knows no row {} of this import: _source_key must stay as failures.csv had it; empty the cell if this is a new row"
)
_UNCERTAIN_MESSAGE = "an earlier run could not learn whether this row reached Lightfield; it is not sent again"


@dataclass(frozen=True, slots=True)
class Choice:
    """One batch, decided.

    ``frame`` has one row a row of the batch, in its order: ROW; ``action`` String, null where a call is needed; ``task_id``, ``url``,
    ``idempotency_key``, ``error_code``, ``error_field``, ``error_message`` String or null; ``known_to_ledger`` Boolean;
    ``generation`` and ``revision`` of the row's entry; ``intention`` CREATE or UPDATE, of rows that need a call.
    """

    prepared: PreparedBatch
    frame: pl.DataFrame

    def own_problems(self) -> pl.DataFrame:
        """The problems that only plan can see, in the columns of ``PreparedBatch.problems``: of duplicates and of given keys."""
        keys = self.prepared.frame.select(SOURCE_KEY)
        return (
            pl.concat([self.frame, keys], how="horizontal")
            .filter(pl.col("error_code").is_in([DUPLICATE_KEY, UNKNOWN_SOURCE_KEY]))
            .select(
                ROW,
                pl.col("error_code").alias(PROBLEM_CODE),
                pl.col("error_field").alias(PROBLEM_FIELD),
                pl.col("error_message").alias(PROBLEM_MESSAGE),
                pl.col(SOURCE_KEY).alias(PROBLEM_VALUE),
            )
        )

    def identified_rejects(self) -> pl.DataFrame:
        """KEY_DIGEST and SOURCE_KEY of the rejected rows that are to keep their identity when they come back in a failures file."""
        return (
            pl.concat([self.frame, self.prepared.frame.select(SOURCE_KEY, KEY_DIGEST)], how="horizontal")
            .filter(_keeps_identity() & pl.col(KEY_DIGEST).is_not_null())
            .select(KEY_DIGEST, SOURCE_KEY)
        )

    def with_rejects_known(self) -> Choice:
        """The same after the ledger has noted ``identified_rejects``."""
        has_key = self.prepared.frame[KEY_DIGEST].is_not_null()
        known = pl.col("known_to_ledger") | (_keeps_identity() & has_key)
        return Choice(self.prepared, self.frame.with_columns(known.alias("known_to_ledger")))

    def counts(self) -> dict[str, int]:
        """Rows by action; ``create`` and ``update`` for those that need a call."""
        decided = self.frame.select(pl.coalesce("action", "intention")).to_series()
        return {str(action): int(count) for action, count in decided.value_counts().iter_rows()}


def _keeps_identity() -> pl.Expr:
    # Rows that share a key by mistake must not have it written down for good: the person corrects the key column itself.
    lost = pl.col("shares_key") | (pl.col("error_code") == UNKNOWN_SOURCE_KEY)
    return (pl.col("action") == Action.REJECTED.value) & ~lost


def choose(prepared: PreparedBatch, entries: pl.DataFrame, marks: pl.DataFrame, *, sync: bool = False, trust_keys: bool = False) -> Choice:
    """Decide every row of a batch.

    Args:
        prepared: The mapped rows.
        entries: What the ledger knows of them: KEY digest ``key_digest``, ``state``, ``task_id``, ``fingerprint``, ``generation``,
            ``revision``, ``has_intent``.
        marks: Per row, ``conflict`` and ``repeat`` (see ``DuplicateMarker``).
        sync: A row that differs from what was last written is to be updated; else it is ``changed``, and stays as it is.
        trust_keys: No ledger was asked, so nobody can say that the keys of a failures file are unknown.
    """
    known = entries.with_columns(pl.lit(value=True).alias("known_to_ledger")).rename({"fingerprint": "written_fingerprint"})
    rows = prepared.frame.select(*_DECIDED_BY).hstack(marks).hstack(prepared.raw.frame.select(GIVEN_KEY))
    frame = (
        _with(rows, known, left_on=KEY_DIGEST, right_on="key_digest")
        .pipe(_with, _first_problems(prepared), left_on=ROW, right_on=ROW)
        .with_columns(
            pl.col("known_to_ledger").fill_null(value=False) | (pl.lit(trust_keys) & pl.col(GIVEN_KEY).is_not_null()),
            pl.col("has_intent").fill_null(value=False),
        )
    )
    return Choice(prepared, _decide(frame, sync=sync))


def _with(rows: pl.DataFrame, others: pl.DataFrame, *, left_on: str, right_on: str) -> pl.DataFrame:
    """A left join, which copies every column: not of nothing, as it mostly is."""
    if others.is_empty():
        return rows.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in others.schema.items() if name != right_on)
    return rows.join(others, left_on=left_on, right_on=right_on, how="left", maintain_order="left")


def _first_problems(prepared: PreparedBatch) -> pl.DataFrame:
    return prepared.problems.group_by(ROW, maintain_order=True).agg(
        pl.col(PROBLEM_CODE).first().alias("problem_code"),
        pl.col(PROBLEM_FIELD).first().alias("problem_field"),
        pl.col(PROBLEM_MESSAGE).str.join(" | ").alias("problem_message"),
    )


def _decide(frame: pl.DataFrame, *, sync: bool) -> pl.DataFrame:
    done = pl.col("state") == EntryState.DONE.value
    same = done & (pl.col("written_fingerprint") == pl.col(FINGERPRINT))
    unknown_key = pl.col(GIVEN_KEY).is_not_null() & ~pl.col("known_to_ledger")
    uncertain = pl.col("has_intent") | (pl.col("state") == EntryState.UNCERTAIN.value)
    # The order is the rule: the first that applies decides.
    verdict = (
        pl.when(EXCLUDED)
        .then(pl.lit(Action.EXCLUDED.value))
        .when(pl.col(HAS_PROBLEM) | pl.col("conflict") | unknown_key)
        .then(pl.lit(Action.REJECTED.value))
        .when(pl.col("repeat"))
        .then(pl.lit(Action.DUPLICATE.value))
        .when(uncertain)
        .then(pl.lit(Action.UNCERTAIN.value))
        .when(same)
        .then(pl.lit(Action.UNCHANGED.value))
        .when(done)
        .then(pl.lit(None if sync else Action.CHANGED.value, pl.String))
        .otherwise(None)
    )
    code, field, message = _reasons(unknown_key)
    return frame.with_columns(verdict.alias("action")).select(
        ROW,
        "action",
        pl.when(done).then("task_id").alias("task_id"),
        pl.lit(None, pl.String).alias("url"),
        pl.lit(None, pl.String).alias("idempotency_key"),
        code.alias("error_code"),
        field.alias("error_field"),
        message.alias("error_message"),
        (pl.col("known_to_ledger") & ~pl.col("conflict")).alias("known_to_ledger"),
        pl.col("conflict").alias("shares_key"),
        pl.col("generation").fill_null(0),
        pl.col("revision").fill_null(0),
        pl.when(done).then(pl.lit(UPDATE)).otherwise(pl.lit(CREATE)).alias("intention"),
    )


def _reasons(unknown_key: pl.Expr) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Code, field and message of the rows that need a person; null for the others."""
    rejected = pl.col("action") == Action.REJECTED.value
    uncertain = pl.col("action") == Action.UNCERTAIN.value
    own, conflict = rejected & pl.col(HAS_PROBLEM), rejected & pl.col("conflict")
    code = (
        pl.when(own)
        .then("problem_code")
        .when(conflict)
        .then(pl.lit(DUPLICATE_KEY))
        .when(rejected & unknown_key)
        .then(pl.lit(UNKNOWN_SOURCE_KEY))
        .when(uncertain)
        .then(pl.lit(STILL_UNCERTAIN))
    )
    conflict_message = pl.format(_DUPLICATE_KEY_MESSAGE, SOURCE_KEY)
    message = (
        pl.when(own & conflict)
        .then(pl.concat_str("problem_message", pl.lit(" | "), conflict_message))
        .when(own)
        .then("problem_message")
        .when(conflict)
        .then(conflict_message)
        .when(rejected & unknown_key)
        .then(pl.format(_UNKNOWN_KEY_MESSAGE, GIVEN_KEY))
        .when(uncertain)
        .then(pl.lit(_UNCERTAIN_MESSAGE))
    )
    return code, pl.when(own).then("problem_field"), message


KeyOfCreate = Callable[[str, int], str]
"""(source key, generation) to an Idempotency-Key."""


def needed_operations(choice: Choice, make_key: KeyOfCreate) -> Iterator[Operation]:
    """What has to happen to the rows of a batch that need a call, in input order.

    A create is ready to be sent. An update is a draft: ``content`` is the row's, payload and key are made once its task was looked at.
    """
    targets = choice_targets(choice)
    columns = (ROW, "action", "generation", "revision", "intention", "task_id")
    needed = pl.concat(
        [choice.prepared.frame.select(SOURCE_KEY, KEY_DIGEST, FINGERPRINT, *targets), choice.frame.select(columns)], how="horizontal"
    ).filter(pl.col("action").is_null())
    for values in needed.iter_rows(named=True):
        body = task_body({target: values[target] for target in targets})
        creates = values["intention"] == CREATE
        yield Operation(
            kind=OperationKind.CREATE if creates else OperationKind.UPDATE,
            source_key=values[SOURCE_KEY],
            key_digest=values[KEY_DIGEST],
            fingerprint=values[FINGERPRINT],
            payload=body if creates else {},
            idempotency_key=make_key(values[SOURCE_KEY], values["generation"]) if creates else "",
            generation=values["generation"],
            revision=values["revision"],
            file=choice.prepared.raw.file.index,
            row=values[ROW],
            task_id=values["task_id"],
            content=None if creates else body,
        )


def choice_targets(choice: Choice) -> tuple[str, ...]:
    """The target fields that a batch speaks of."""
    return tuple(column for column in choice.prepared.frame.columns if not column.startswith(RESERVED))
