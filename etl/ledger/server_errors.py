"""What does an error of PostgreSQL mean, and who must do something about it?"""

from __future__ import annotations

from etl.errors import EtlError, LedgerError, LocalFailureError

LOCK_SECONDS = 30
"""How long a statement waits for another transaction's lock."""

_AGAIN = "run the same command again"

# What libpq and the server say of a connection that will be refused for ever; an attempt to connect comes without a code.
_REFUSED = (
    "authentication failed",
    "no pg_hba.conf entry",
    "no password supplied",
    "does not exist",
    "not permitted",
    "permission denied",
    "certificate",
    "SSL was required",
    "does not support SSL",
    "name or service not known",
    "invalid port",
)

_RIGHTS = (
    "give its user the rights: GRANT CONNECT ON DATABASE …, GRANT USAGE, CREATE ON SCHEMA …; the schema is the first of its search_path,"
    " and a schema of its own (CREATE SCHEMA lightfield AUTHORIZATION …) is best"
)

_BY_CODE = {
    "42501": ("the user may not do what a ledger needs: {said}", _RIGHTS),
    "3F000": ("there is no schema for its tables: {said}", _RIGHTS),
    "25006": ("the server only reads: {said}", "give the address of the primary, or add ?target_session_attrs=read-write to the URL"),
    "42P01": (
        "its tables are not whole: {said}",
        "restore them from a backup; or give another ledger and rebuild it: lightfield-etl reconcile CONFIG",
    ),
    "22P05": ("its database cannot hold every character: {said}", "make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"),
}
"""SQLSTATE -> what is wrong with the ledger, and what to do: a person has to."""

_PASSING = {
    "55P03": (
        f"another session has held its rows for more than {LOCK_SECONDS} seconds",
        "find what else works on it (pg_stat_activity), then",
    ),
    "57014": ("a statement took too long, or was cancelled: {said}", "find what slows the server down (pg_stat_activity), then"),
    "25P03": ("this process was paused in the middle of a transaction, which the server then ended", "what was in it was not recorded:"),
    "53100": ("the server's disk is full: {said}", "make room on it, then"),
    "53300": ("the server has no connection left: {said}", "raise its max_connections or start fewer jobs at once, then"),
}
"""The same for what passes."""

_UNREACHABLE_CLASSES = frozenset({"08", "28", "3D", "40", "53", "57", "58"})
_REST = "; what was not yet in it was not sent"


def meaning(location: str, code: str | None, said: str, *, lost: bool, opened: bool) -> EtlError | None:
    """What an error means for the user; None when it is a fault of ours.

    Args:
        location: Of the ledger; nothing secret.
        code: The SQLSTATE; None where there was no answer of the server's.
        said: The server's or library's own words; nothing secret.
        lost: The connection is gone, or was never there.
        opened: The ledger was in use: whatever it is, the run is stopped part-way.
    """
    if code in _BY_CODE:
        sentence, step = _BY_CODE[code]
        kind = LocalFailureError if opened else LedgerError
        return kind(f"the ledger {location} cannot be used: {sentence.format(said=said)}", next_step=step)
    if code in _PASSING:
        sentence, step = _PASSING[code]
        return LocalFailureError(
            f"the ledger {location} cannot be used for the moment: {sentence.format(said=said)}{_REST}", next_step=f"{step} {_AGAIN}"
        )
    if lost or (code or "")[:2] in _UNREACHABLE_CLASSES:
        return _unreachable(location, said, opened=opened)
    return None


def _unreachable(location: str, said: str, *, opened: bool) -> EtlError:
    if opened:
        return LocalFailureError(
            f"the connection to the ledger {location} broke: {said}{_REST}",
            next_step=f"see that the server is up and can be reached from here, then {_AGAIN}",
        )
    if any(word.casefold() in said.casefold() for word in _REFUSED):
        return LedgerError(
            f"the ledger {location} refuses us: {said}",
            next_step="correct host, database, user, password or TLS options in the ledger's URL, or the server's rules (pg_hba.conf)",
        )
    return LocalFailureError(
        f"the ledger {location} cannot be reached: {said}; nothing was sent",
        next_step=f"see that the server is up and can be reached from here (host and port of the URL), then {_AGAIN}",
    )
