"""What does every process do anew that comes out the same each time, and would take a third of a schedule's time?

None of it is what a schedule is about: SQL that is made of statements, the versions of libraries, a config file that nobody changes and
the words that it translates, a census that looks at ten rows in sixteen ranges of their hashes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from sqlalchemy import create_engine
from sqlalchemy.engine import Engine

from etl.config.reader import read_config
from etl.jobs import passes, session, work
from etl.ledger import sqlite
from etl.plan import duplicates
from etl.transform import mentions

_engines: dict[str, Engine] = {}


@contextmanager
def done_once() -> Iterator[None]:
    """Within, it is done once."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(sqlite, "create_engine", with_shared_statements))
        stack.enter_context(patch.object(session, "versions", _versions))
        stack.enter_context(patch.object(work, "read_config", _remembering(read_config)))
        stack.enter_context(patch.object(mentions, "build_translation", _remembering_words(mentions.build_translation)))
        stack.enter_context(patch.object(duplicates, "_RANGE", 1 << 64))
        yield


@contextmanager
def mapped_once() -> Iterator[None]:
    """Within, rows that say the same are mapped once: where every process has the same map, and the same answers to its look-ups."""
    prepare, known = passes.prepare, dict[Any, Any]()

    def remembered(recipe: Any, raw: Any, content: Any = None, *, with_digests: bool = True) -> Any:
        said = (tuple(raw.frame.columns), tuple(raw.frame.rows()), with_digests)
        if said not in known:
            known[said] = prepare(recipe, raw, content, with_digests=with_digests)
        return replace(known[said], raw=raw)

    with patch.object(passes, "prepare", remembered):
        yield


_versions = functools.cache(session.versions)


def with_shared_statements(*args: Any, **more: Any) -> Engine:
    """SQLAlchemy keeps a statement's SQL for an engine and its dialect: here all of one kind have those of the first one."""
    engine = create_engine(*args, **more)
    first = _engines.setdefault(engine.dialect.name, engine)
    engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
    return engine


def _remembering(read: Callable[..., Any]) -> Callable[..., Any]:
    """For one schedule: its config stays as it is."""
    known: dict[Any, Any] = {}

    def remembered(path: Any, environment: Any) -> Any:
        if path not in known:
            known[path] = read(path, environment)
        return known[path]

    return remembered


def _remembering_words(build: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[Any, Any] = {}

    def remembered(entries: Mapping[str, str]) -> Any:
        said = tuple(entries.items())
        if said not in known:
            known[said] = build(entries)
        return known[said]

    return remembered
