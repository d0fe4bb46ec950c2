"""How do many short runs in one process not make the same SQL of the same statements again and again?"""

from __future__ import annotations

from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.engine import Engine

_first_engines: dict[str, Engine] = {}


def with_shared_statements(*args: Any, **more: Any) -> Engine:
    """SQLAlchemy keeps a statement's SQL for an engine and its dialect: here all of one kind have those of the first one."""
    engine = create_engine(*args, **more)
    first = _first_engines.setdefault(engine.dialect.name, engine)
    engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
    return engine
