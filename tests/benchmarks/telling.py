# ruff: noqa: T201  a command speaks by printing
"""How does a benchmark say what it has found? A table in Markdown on stdout; how far it is, on stderr."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

# What is installed was compiled when it was installed; a process that has to compile itself anew is not what a user starts.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def say(text: str) -> None:
    """How far it is, for whoever waits."""
    print(text, file=sys.stderr, flush=True)


def print_section(
    title: str, header: Sequence[str], rows: Iterable[Sequence[object]], *, packages: Sequence[str] = (), note: str = ""
) -> None:
    """A heading, what it was measured on, a table, and what has to be known to read it.

    Args:
        title: Of the section.
        header: Of the columns; the first is a text, the others are figures.
        rows: As many cells each.
        packages: Whose versions matter beside Python's.
        note: A paragraph below the table.
    """
    print(f"### {title}\n\n{machine_line(*packages)}\n")
    print(f"| {' | '.join(header)} |\n|---|{'--:|' * (len(header) - 1)}")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |")
    print(f"\n{note}" if note else "", flush=True)


def machine_line(*packages: str) -> str:
    """Date, cores, load and versions, in one line."""
    parts = [f"{datetime.now(UTC):%Y-%m-%d}", f"{os.cpu_count()} cores", f"load {os.getloadavg()[0]:.1f}", platform.system()]
    parts += [f"Python {platform.python_version()}", *(f"{name} {version_of(name) or 'absent'}" for name in ("lightfield-etl", *packages))]
    return ", ".join(parts)


def version_of(package: str) -> str | None:
    """The installed version; None where it is absent."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
