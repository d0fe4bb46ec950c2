"""Which versions are at work?"""

from __future__ import annotations

import platform
from importlib.metadata import version


def version_line() -> str:
    """One line with the versions that matter for a report of trouble."""
    parts = [f"{name} {version(name)}" for name in ("polars", "httpx", "SQLAlchemy", "pydantic")]
    return f"lightfield-etl {version('lightfield-etl')} (Python {platform.python_version()}, {', '.join(parts)})"
