"""Where may a message go? Whoever has a webhook's URL can post to it, so it is a secret and travels encrypted."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

WEBHOOK_MESSAGE = "is no https address (http is for this machine alone); the value is not shown"


def is_webhook(url: str) -> bool:
    """Is it an https address, or one of this machine?"""
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not host or parts.scheme not in {"https", "http"}:
        return False
    return parts.scheme == "https" or is_this_machine(host)


def is_this_machine(host: str) -> bool:
    """``localhost``, or an address of the loopback interface."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
