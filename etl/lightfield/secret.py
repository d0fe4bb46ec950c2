"""How are the API key and the address that it is sent to kept safe?"""

from __future__ import annotations

import ipaddress
from typing import NoReturn, SupportsIndex
from urllib.parse import SplitResult, urlsplit

from etl.errors import SettingsError

SHOWN_CHARACTERS = 4
_SHORTEST_SHOWN = 12
_DEFAULT_PORTS = {"http": 80, "https": 443}
_EXAMPLE = "such as https://api.lightfield.app"


class ApiKey:
    """An API key that no repr, log or traceback gives away; ``reveal()`` is the one way to its text.

    Raises:
        SettingsError: The text cannot be a key: it is empty, or no single word of ASCII characters.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        text = value.strip()
        if not text or not text.isascii() or not text.isprintable() or " " in text:
            raise SettingsError(
                "the API key must be one word of ASCII characters", next_step="create a key in Lightfield and copy it whole"
            )
        self._value = text

    def reveal(self) -> str:
        """The key itself, for the Authorization header and for digests."""
        return self._value

    @property
    def last_four(self) -> str:
        """The key's last four characters; fewer stars than characters when it is too short to show any."""
        return self._value[-SHOWN_CHARACTERS:] if len(self._value) >= _SHORTEST_SHOWN else "****"

    def __repr__(self) -> str:
        return f"ApiKey(…{self.last_four})"

    __str__ = __repr__

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("an API key is not written anywhere")


def normalise_origin(base_url: str) -> str:
    """``scheme://host[:port]`` in lower case, without a default port: what the key may be sent to and the ledger's scopes hang on.

    Raises:
        SettingsError: It is no https address (http is for this machine alone), or carries more than an origin.
    """
    parts = _split(base_url)
    _refuse_extras(parts)
    host, scheme = (parts.hostname or "").lower(), parts.scheme.lower()
    if not host or scheme not in _DEFAULT_PORTS:
        raise SettingsError(f"the base URL {_shown(parts)} is not an https address", next_step=f"give one {_EXAMPLE}")
    if scheme == "http" and not is_loopback(host):
        raise SettingsError(f"the base URL {_shown(parts)} would send the API key unencrypted", next_step=f"use https://{host}")
    port = parts.port
    shown_host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown_host}" if port in {None, _DEFAULT_PORTS[scheme]} else f"{scheme}://{shown_host}:{port}"


def is_loopback(host: str) -> bool:
    """Is it this machine: ``localhost``, 127.0.0.1 or ::1?"""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host) in {ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")}
    except ValueError:
        return False


def _split(base_url: str) -> SplitResult:
    try:
        parts = urlsplit(base_url.strip())
        _ = parts.port, parts.hostname
    except ValueError:
        # The text is not shown: what cannot be parsed may hold a password.
        raise SettingsError("the base URL cannot be understood", next_step=f"give one {_EXAMPLE}") from None
    return parts


def _refuse_extras(parts: SplitResult) -> None:
    if parts.username is not None or parts.password is not None:
        raise SettingsError("the base URL holds a user name or password", next_step="leave out everything between // and @")
    if parts.query or parts.fragment:
        raise SettingsError(f"the base URL {_shown(parts)} has a query or fragment", next_step="leave out everything from ? or # on")
    if parts.path not in {"", "/"}:
        raise SettingsError(f"the base URL {_shown(parts)} has the path {parts.path}", next_step=f"give scheme and host only, {_EXAMPLE}")


def _shown(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.hostname or ''}" if parts.scheme else repr(parts.path or parts.netloc)
