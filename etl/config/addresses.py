"""Is a name of input an address on the network, and how is it shown? The query of a pre-signed address is a secret."""

from __future__ import annotations

from urllib.parse import urlsplit

_HIDDEN = "?…"


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


def file_name(address: str) -> str:
    """The last part of an address's path, by whose suffix the format is told."""
    try:
        return urlsplit(address).path.rpartition("/")[2]
    except ValueError:
        return ""
