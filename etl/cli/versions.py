"""Which versions are at work?"""

from __future__ import annotations

import platform
import sqlite3
from importlib.metadata import version

from etl.jobs.settings import api_version


def version_line() -> str:
    """One line with the versions that matter for a report of trouble."""
    parts = [f"{name} {version(name)}" for name in ("polars", "httpx", "SQLAlchemy", "pydantic")]
    told = ", ".join([f"Python {platform.python_version()}", *parts, f"SQLite {sqlite3.sqlite_version}"])
    return f"lightfield-etl {version('lightfield-etl')} ({told}; Lightfield API {api_version()}; {platform.system()} {platform.machine()})"
