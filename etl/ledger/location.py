"""Which ledger does a path or URL mean, and what may be shown of it?"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from etl.errors import LedgerError
from etl.ledger.server_url import SCHEMES, shown_url

_MEMORY = ":memory:"
_ALLOWED = "allowed are a path, sqlite:///path, sqlite:// (memory: nothing is kept), and postgresql://user:password@host/database"


class NoLedgerError(LedgerError):
    """There is none where one must be."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a ledger is.

    Attributes:
        path: Of the SQLite file; None for memory, and for a server.
        shown: For messages; never a password or a query string.
        server: The URL of a PostgreSQL database, as it was given; None for SQLite.
    """

    path: Path | None
    shown: str
    server: str | None = field(default=None, repr=False)


def locate(url: str) -> Location:
    """A path or URL -> where the ledger is; relative paths are of the working directory.

    Raises:
        LedgerError: A kind of database that this version does not know, or no path.
    """
    if not url.strip():
        raise LedgerError("the ledger's path is empty", next_step=_ALLOWED)
    if "://" not in url:
        return _of_path(url)
    scheme, _, rest = url.partition("://")
    if scheme.casefold() in SCHEMES:
        return Location(None, shown_url(url), url)
    if scheme.casefold() != "sqlite":
        # A mistyped scheme may hide a password anywhere behind it.
        raise LedgerError(f"{scheme}:// is no kind of ledger that this version knows", next_step=_ALLOWED)
    if rest in {"", "/", f"/{_MEMORY}"}:
        return Location(None, "memory (nothing is kept)")
    if not rest.startswith("/") or "?" in rest:
        raise LedgerError("the ledger's URL sqlite://… has a host or a query string; neither has a meaning for a file", next_step=_ALLOWED)
    return _of_path(rest[1:])


def make_private_file(location: Location) -> None:
    """Makes the empty file, readable by this user alone from its first moment; one that is there is left as it is.

    Raises:
        LedgerError: The folder is missing or not writable.
    """
    if location.path is None:
        return
    try:
        descriptor = os.open(location.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    except OSError as error:
        raise LedgerError(
            f"the ledger {location.shown} cannot be made: {error.strerror}",
            next_step=f"make the folder {location.path.parent} and give yourself write permission, or give another path with --ledger",
        ) from error
    os.close(descriptor)


def check_file(location: Location, *, create: bool, config: Path | None = None) -> None:
    """Raises LedgerError when there is something else than a file, NoLedgerError when there is nothing and ``create`` is False."""
    if location.path is None:
        return
    if location.path.is_dir():
        raise LedgerError(
            f"the ledger {location.shown} is a folder, not a file",
            next_step=f"give a file in it, for example --ledger {location.path / 'import.ledger'}",
        )
    if location.path.exists() and not location.path.is_file():
        raise LedgerError(f"the ledger {location.shown} is not a regular file", next_step="give another path with --ledger")
    if not create and not location.path.exists():
        raise no_ledger(location, config)


def no_ledger(location: Location, config: Path | None) -> NoLedgerError:
    """The error that says so; ``config`` is the one whose ledger it would be, where that is known."""
    rebuild = shlex.join(["lightfield-etl", "reconcile", "CONFIG" if config is None else str(config)])
    return NoLedgerError(
        f"there is no ledger at {location.shown}", next_step=f"give the one that the import wrote with --ledger; if it is lost: {rebuild}"
    )


def _of_path(text: str) -> Location:
    return Location(None, "memory (nothing is kept)") if text == _MEMORY else Location(Path(text), text)
