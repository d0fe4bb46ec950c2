"""Which time zone is this machine in? Only proposed, never assumed: a file's times are those of whoever exported it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zoneinfo import available_timezones

LOCALTIME = Path("/etc/localtime")

_UTC = "UTC"


def machine_zone(environment: Mapping[str, str], localtime: Path = LOCALTIME) -> str:
    """The IANA name of the machine's zone; ``UTC`` where the machine does not tell.

    Args:
        environment: ``TZ`` is looked up here.
        localtime: The link into the zone database that Linux and macOS keep.
    """
    linked = localtime.resolve().as_posix().rpartition("/zoneinfo/")[2]
    known = available_timezones()
    found = next((name for name in (environment.get("TZ", "").removeprefix(":"), linked) if name in known), _UTC)
    return _UTC if found.removeprefix("Etc/") in {_UTC, "UCT", "Universal", "Zulu"} else found
