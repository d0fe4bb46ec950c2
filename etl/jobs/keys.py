"""Under which Idempotency-Key does each write of an import go (rule 2, docs/rules.md)?"""

from __future__ import annotations

from functools import partial

from etl.plan.changes import KeyOfWrite
from etl.plan.choose import KeyOfCreate
from etl.records import Operation, OperationKind
from etl.transform.identity import idempotency_key


def key_of_create(name: str) -> KeyOfCreate:
    """For rows that are many, and of which only the identity is at hand.

    Args:
        name: The import's.
    """
    return partial(idempotency_key, name, OperationKind.CREATE.value)


def key_of_write(name: str) -> KeyOfWrite:
    """For any write; of all but creates the revision and what is sent count too.

    Args:
        name: The import's.
    """

    def make(operation: Operation, payload_digest: bytes | None) -> str:
        revision = None if operation.kind is OperationKind.CREATE else operation.revision
        return idempotency_key(
            name, operation.kind.value, operation.source_key, operation.generation, revision=revision, payload_digest=payload_digest
        )

    return make
