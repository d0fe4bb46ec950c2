"""Which ledger does a path or URL mean, and what may be shown of it?"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from etl.errors import LedgerError

_MEMORY = ":memory:"
_ALLOWED = "Allowed are a path, sqlite:///path, and sqlite:// (memory: nothing is kept)."


@dataclass(frozen=True, slots=True)
class Location:
    """Where a ledger is.

    Attributes:
        path: Of the SQLite file; None for memory.
        shown: For messages; never a password or a query string.
    """

    path: Path | None
    shown: str


def locate(url: str) -> Location:
    """A path or URL -> where the ledger is; relative paths are of the working directory.

    Raises:
        LedgerError: A kind of database that this version does not know, or no path.
    """
    if not url.strip():
        raise LedgerError("The ledger's path is empty.", next_step=_ALLOWED)
    if "://" not in url:
        return _of_path(url)
    scheme, _, rest = url.partition("://")
    if scheme.casefold() != "sqlite":
        raise _unknown(scheme, url)
    if rest in {"", "/", f"/{_MEMORY}"}:
        return Location(None, "memory (nothing is kept)")
    if not rest.startswith("/") or "?" in rest:
        raise LedgerError("The ledger's URL sqlite://… has a host or a query string; neither has a meaning for a file.", next_step=_ALLOWED)
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
            f"The ledger {location.shown} cannot be made: {error.strerror}.",
            next_step=f"Make the folder {location.path.parent} and give yourself write permission, or give another path with --ledger.",
        ) from error
    os.close(descriptor)


def check_file(location: Location, *, create: bool) -> None:
    """Raises LedgerError when there is something else than a file, or nothing and ``create`` is False."""
    if location.path is None:
        return
    if location.path.is_dir():
        raise LedgerError(
            f"The ledger {location.shown} is a folder, not a file.",
            next_step=f"Give a file in it, for example --ledger {location.path / 'import.ledger'}.",
        )
    if location.path.exists() and not location.path.is_file():
        raise LedgerError(f"The ledger {location.shown} is not a regular file.", next_step="Give another path with --ledger.")
    if not create and not location.path.exists():
        raise LedgerError(
            f"There is no ledger at {location.shown}.",
            next_step="Give the one that the import wrote with --ledger; if it is lost: lightfield-etl reconcile CONFIG.",
        )


def _of_path(text: str) -> Location:
    return Location(None, "memory (nothing is kept)") if text == _MEMORY else Location(Path(text), text)


def _unknown(scheme: str, url: str) -> LedgerError:
    if scheme.casefold().partition("+")[0] in {"postgresql", "postgres"}:
        return LedgerError(f"PostgreSQL ledgers are not in this version ({_masked(url)}).", next_step=_ALLOWED)
    # A mistyped scheme may hide a password anywhere behind it.
    return LedgerError(f"{scheme}:// is no kind of ledger that this version knows.", next_step=_ALLOWED)


def _masked(url: str) -> str:
    """Scheme, host and database: no user's password, no query string."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return f"{url.partition('://')[0]}://…"
    user = "…@" if parts.username or parts.password else ""
    return f"{parts.scheme}://{user}{host}{port}{parts.path}"
