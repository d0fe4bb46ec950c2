"""Is a name of input an address on the network, and how is it shown? The query of a pre-signed address is a secret."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from etl.config.secrets import mask_api_keys

_HIDDEN = "?…"
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"]+")


def is_address(name: str) -> bool:
    """Does it name something to fetch, such as ``https://…`` or ``s3://…``, and no file?"""
    return "://" in name


def shown_address(name: str) -> str:
    """The name without what opens it: user, password, query and fragment of an address; any other name as it is."""
    if not is_address(name):
        return name
    try:
        parts = urlsplit(name)
    except ValueError:
        return name.partition("?")[0].rpartition("@")[2]
    bare = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    return f"{bare}{_HIDDEN}" if parts.query else bare


def shown_argument(argument: str) -> str:
    """A word of a command line as it may be shown: ``--ledger=postgresql://…`` holds an address too."""
    option, equals, value = argument.partition("=")
    if option.startswith("-") and equals:
        return f"{option}={shown_address(value)}"
    return shown_address(argument)


def without_secrets(text: str) -> str:
    """The text, its addresses as ``shown_address`` shows them and API keys masked, wherever in it they stand."""
    return mask_api_keys(_ADDRESS.sub(lambda found: shown_address(found.group()), text))


def file_name(address: str) -> str:
    """The last part of an address's path, by whose suffix the format is told."""
    try:
        return urlsplit(address).path.rpartition("/")[2]
    except ValueError:
        return ""
