"""What does every process do anew that comes out the same each time, and would take a third of a schedule's time?

None of it is what a schedule is about: SQL that is made of statements, a config file that nobody changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from shared_statements import with_shared_statements

from etl.config.reader import read_config
from etl.jobs import passes, work
from etl.ledger import sqlite


@contextmanager
def done_once() -> Iterator[None]:
    """Within, it is done once."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(sqlite, "create_engine", with_shared_statements))
        stack.enter_context(patch.object(work, "read_config", _remembering(read_config)))
        yield


@contextmanager
def mapped_once() -> Iterator[None]:
    """Within, rows that say the same are mapped once: where every process has the same map, and the same answers to its look-ups."""
    prepare, known = passes.prepare, dict[Any, Any]()

    def remembered(recipe: Any, raw: Any, content: Any = None, **wanted: bool) -> Any:
        said = (tuple(raw.frame.columns), tuple(raw.frame.rows()), tuple(wanted.items()))
        if said not in known:
            known[said] = prepare(recipe, raw, content, **wanted)
        return replace(known[said], raw=raw)

    with patch.object(passes, "prepare", remembered):
        yield


def _remembering(read: Callable[..., Any]) -> Callable[..., Any]:
    """For one schedule: its config stays as it is."""
    known: dict[Any, Any] = {}

    def remembered(path: Any, environment: Any) -> Any:
        if path not in known:
            known[path] = read(path, environment)
        return known[path]

    return remembered
