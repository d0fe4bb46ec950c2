"""lightfield-etl: bulk import of rows into Lightfield tasks, each row exactly once.

The same jobs as on the command line, for notebooks and schedulers:

- ``etl.run(config, data, …) -> Summary`` imports,
- ``etl.check(config, data, …) -> Summary`` looks and sends nothing,
- ``etl.load_config(path) -> ReadConfig`` reads a config.

What cannot even begin raises an ``EtlError``; everything else is told by the summary's ``exit_code``, ``reason`` and ``counts``.
All of them are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from etl.config.model import ReadConfig as ReadConfig
    from etl.errors import EtlError as EtlError
    from etl.jobs.library import check as check
    from etl.jobs.library import load_config as load_config
    from etl.jobs.library import run as run
    from etl.report.summary import Summary as Summary

__version__ = "0.1.0"

__all__ = ["EtlError", "ReadConfig", "Summary", "__version__", "check", "load_config", "run"]

_HOMES = {
    "EtlError": "etl.errors",
    "ReadConfig": "etl.config.model",
    "Summary": "etl.report.summary",
    "check": "etl.jobs.library",
    "load_config": "etl.jobs.library",
    "run": "etl.jobs.library",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'etl' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
