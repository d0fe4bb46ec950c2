"""Which parts of a config are secrets, and how do they stay out of every message?"""

from __future__ import annotations

import re
from collections.abc import Iterator

_API_KEY = re.compile(r"sk_lf_\w+")
_SECRET_NAME = re.compile(r"passw|pwd|token|secret|api[-_ ]?key|authorization|credential|bearer", re.IGNORECASE)
_SECRET_PATHS = (("ledger",), ("notify", "url"))
"""A ledger's URL holds its password; whoever has a webhook's URL can post to it."""

_API_KEY_NAMES = frozenset({"apikey", "lightfieldapikey", "authorization", "bearer", "token", "secret"})
_BASE_URL_NAMES = frozenset({"baseurl", "lightfieldbaseurl", "apiurl"})

API_KEY_MESSAGE = (
    "the API key never goes into a config, which others read: remove it from the file, revoke it if the file was shared, "
    "and give it by LIGHTFIELD_API_KEY or --api-key-file"
)
BASE_URL_MESSAGE = "the base URL never comes from a config, which others write: give it by --base-url or LIGHTFIELD_BASE_URL"


def mask_api_keys(text: str) -> str:
    """``text`` with every Lightfield API key replaced by ``sk_lf_***``."""
    return _API_KEY.sub("sk_lf_***", text)


def holds_api_key(text: str) -> bool:
    """Does a Lightfield API key stand in ``text``?"""
    return _API_KEY.search(text) is not None


def api_key_places(text: str) -> Iterator[tuple[int, int]]:
    """Line and column, from 1, of each Lightfield API key in ``text``, comments included."""
    for number, line in enumerate(text.splitlines(), start=1):
        for found in _API_KEY.finditer(line):
            yield number, found.start() + 1


def is_secret(path: tuple[str, ...]) -> bool:
    """May the value at ``path`` not be shown?"""
    return path in _SECRET_PATHS or any(_SECRET_NAME.search(part) for part in path)


def forbidden_key_message(key: str) -> str | None:
    """Why ``key`` may stand in no config, or None where it is merely unknown."""
    folded = re.sub(r"[^a-z]", "", key.lower())
    if folded in _API_KEY_NAMES:
        return API_KEY_MESSAGE
    return BASE_URL_MESSAGE if folded in _BASE_URL_NAMES else None
