"""lightfield-etl: bulk import of rows into Lightfield tasks, each row exactly once.

The same jobs as on the command line: ``etl.run(config, data) -> Summary``, ``etl.check(config, data) -> Summary``,
``etl.load_config(path) -> ReadConfig``. They are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from etl.jobs.library import check as check
    from etl.jobs.library import load_config as load_config
    from etl.jobs.library import run as run
    from etl.report.summary import Summary as Summary

__version__ = "0.1.0"

_HOMES = {"check": "etl.jobs.library", "load_config": "etl.jobs.library", "run": "etl.jobs.library", "Summary": "etl.report.summary"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'etl' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
