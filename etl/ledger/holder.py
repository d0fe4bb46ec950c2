"""Who holds a lease, and does that process still live?"""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PID_NAMESPACE = Path("/proc/self/ns/pid")
# Of /proc/PID/stat, counted from 1; the fields before it stand in front of the last ")".
_START_TIME_FIELD = 22
_FIELDS_BEFORE = 3


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that may hold a lease.

    Attributes:
        text: For people: ``user@host (pid 12)``.
        machine: Equal for two processes only if they can see each other by pid and share the clock that runs since boot.
        pid: Within ``machine``.
        process_started: Tells a process from a later one with the same pid; None where the system does not say.
    """

    text: str
    machine: str
    pid: int
    process_started: str | None


def this_process() -> Holder:
    """The process that asks."""
    host, pid = socket.gethostname(), os.getpid()
    return Holder(f"{_user()}@{host} (pid {pid})", _machine(host), pid, _start_time(pid))


def is_dead(holder: Holder, seen_from: Holder) -> bool:
    """True only when the holder's process is known to be gone; never true of another machine's."""
    if holder.machine != seen_from.machine or os.name != "posix":
        return False
    try:
        # Signal 0 asks whether the process is there and does nothing to it.
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        # It is there and another user's, so its start time decides.
        pass
    started = _start_time(holder.pid)
    return None not in (holder.process_started, started) and holder.process_started != started


def _machine(host: str) -> str:
    """Host, boot and process namespace: containers of one host share its name and boot, but not their pids."""
    boot = _BOOT_ID.read_text(encoding="ascii").strip() if _BOOT_ID.exists() else ""
    namespace = str(_PID_NAMESPACE.readlink()) if _PID_NAMESPACE.is_symlink() else ""
    return f"{host} {boot} {namespace}".strip()


def _start_time(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The command's name stands in brackets and may hold anything.
    fields = stat.rpartition(")")[2].split()
    return fields[_START_TIME_FIELD - _FIELDS_BEFORE] if len(fields) > _START_TIME_FIELD - _FIELDS_BEFORE else None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
