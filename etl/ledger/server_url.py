"""What does a PostgreSQL URL say, and what may be shown of it?

The database's own library reads the URL, so that every option that its users know means the same here: TLS, several hosts, a service or a
password file. What stands here is what has to be known before: enough to show the URL without what is secret in it, and to refuse one of
which the library's own message would show a part of the password.
"""

from __future__ import annotations

from urllib.parse import unquote

from etl.errors import LedgerError

SCHEMES = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
"""What such a URL begins with, in any case."""

_SHAPE = "postgresql://user:password@host:5432/database?sslmode=verify-full"
_ENCODE = "in user name and password write @ as %40, / as %2F, ? as %3F, : as %3A and % as %25"
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")


def shown_url(url: str) -> str:
    """Hosts and database, as they were given: no user, no password, no query string.

    Raises:
        LedgerError: It is not clear where user name and password end.
    """
    user, rest = _parted(url)
    return f"postgresql://{'…@' if user else ''}{rest.partition('?')[0]}"


def library_url(url: str) -> str:
    """The URL as the database's library knows it: without the name of the driver.

    Raises:
        LedgerError: As ``shown_url``; or what follows a ``%`` is no character.
    """
    user, rest = _parted(url)
    for part in url.split("%")[1:]:
        if len(part) < len("40") or not _HEX_DIGITS.issuperset(part[:2]):
            raise LedgerError("the ledger's URL has a % that is not followed by two hexadecimal digits", next_step=_ENCODE)
    return f"postgresql://{user}@{rest}" if user else f"postgresql://{rest}"


def passwords_of(url: str) -> tuple[str, ...]:
    """What must not be shown, in each form in which it may come along; the longest first."""
    user, rest = _parted(url)
    pairs = [pair.partition("=") for pair in rest.partition("?")[2].split("&")]
    values = [user.partition(":")[2], *(value for name, _, value in pairs if "password" in unquote(name).casefold())]
    return tuple(sorted({form for value in values if value for form in (value, unquote(value))}, key=len, reverse=True))


def _parted(url: str) -> tuple[str, str]:
    """``user:password`` and what follows the ``@``: the first one, as the library has it."""
    rest = url.partition("://")[2].strip()
    user, at, after = rest.partition("@")
    if not at:
        return "", rest
    # The library looks for the "@" before the first "/" alone, and would take the password for a port or a database.
    if "@" in after or not {"/", "?"}.isdisjoint(user):
        raise LedgerError(f"it is not clear where the password ends in the ledger's URL; it has the form {_SHAPE}", next_step=_ENCODE)
    return user, after
