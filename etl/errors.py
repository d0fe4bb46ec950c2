"""What stops a job. A bad row is a value (``records.Problem``); a broken job is one of these.

The tree, each with its exit code; ``tests/test_errors.py`` holds this drawing to the classes:

    EtlError
    ├── NothingWrittenError        2  nothing was written; a person must change something
    │   ├── SettingsError          2  an option, the environment, the API key or the base URL
    │   ├── ConfigError            2  the config file
    │   ├── SourceError            2  the input files
    │   ├── GuardError             2  a guard, or the answer to the question before the first write
    │   ├── WorkspaceError         2  the workspace is not the one, or lacks what the map needs
    │   └── LedgerError            2  the ledger is lost, damaged, newer, or belongs to another key
    ├── StoppedError               3  stopped part-way; the same command goes on later
    │   ├── KeyRefusedError        3  the API key is wrong, revoked, or lacks a scope
    │   ├── ServiceDownError       3  Lightfield does not answer, or refuses everything alike
    │   ├── LimitReachedError      3  --max-failures or --max-duration
    │   ├── SourceChangedError     3  the input changed between or during the passes
    │   ├── LocalFailureError      3  disk, ledger or results folder gave out in mid-run
    │   └── CrashError             3  a fault of this program itself
    ├── LockedError                4  another run of this import holds the lock
    └── InterruptedRunError      130  SIGHUP (129), SIGINT (130) or SIGTERM (143)
"""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb

_SHOWN_PLACES = 8


class EtlError(Exception):
    """Stops the job. ``message`` says what is wrong and where; ``next_step`` what to do, a command where there is one."""

    exit_code = 2
    reason = "error"
    usual_next_step: str | None = None

    def __init__(self, message: str, *, next_step: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step or self.usual_next_step


class NothingWrittenError(EtlError):
    """Nothing was written; a person must change something."""


class SettingsError(NothingWrittenError):
    """An option, the environment, the API key or the base URL is not usable."""

    reason = "settings"


class ConfigError(NothingWrittenError):
    """The config file is not usable; ``message`` holds every fault, one a line."""

    reason = "config"
    usual_next_step = "correct the config, then run the same command again"


class SourceError(NothingWrittenError):
    """The input files are not usable. ``setting`` is the path in the config of what they do not fit, where that is to blame."""

    reason = "source"

    def __init__(self, message: str, *, next_step: str | None = None, setting: tuple[str, ...] = ()) -> None:
        super().__init__(message, next_step=next_step)
        self.setting = setting


class GuardError(NothingWrittenError):
    """A guard was not met, or a person said no. ``guards`` are the keys of those that were not met."""

    reason = "guard"

    def __init__(self, message: str, *, next_step: str | None = None, guards: tuple[str, ...] = ()) -> None:
        super().__init__(message, next_step=next_step)
        self.guards = guards


class WorkspaceError(NothingWrittenError):
    """The key opens another workspace than it should, or the workspace lacks what the map needs."""

    reason = "workspace"


class LedgerError(NothingWrittenError):
    """The ledger cannot be used as it is."""

    reason = "ledger"


class StoppedError(EtlError):
    """Stopped part-way; everything is resumable by the same command."""

    exit_code = 3
    reason = "stopped"


class KeyRefusedError(StoppedError):
    """The API key was refused, or lacks a scope that the job needs."""

    reason = "key_refused"


class ServiceDownError(StoppedError):
    """Lightfield does not answer, or refuses everything alike."""

    reason = "service_down"


class LimitReachedError(StoppedError):
    """``--max-failures`` or ``--max-duration`` was reached."""

    reason = "limit_reached"


class SourceChangedError(StoppedError):
    """The input changed between or during the passes."""

    reason = "source_changed"


class LocalFailureError(StoppedError):
    """The disk, the ledger or the results folder gave out in mid-run."""

    reason = "local_failure"


class CrashError(StoppedError):
    """A fault of this program itself. Its message says where, never what the fault's own words are: they may hold a cell or a secret."""

    reason = "crash"
    usual_next_step = "run the same command again: what is done is not sent again; if it crashes again, report it with the lines above"


def crash_of(fault: BaseException) -> CrashError:
    """The job's error for an exception that nobody foresaw: its type, and the places in this package that it passed, the last one last."""
    package = Path(__file__).parent
    passed = [frame for frame in extract_tb(fault.__traceback__) if package in Path(frame.filename).parents]
    places = [f"  {Path(frame.filename).relative_to(package.parent).as_posix()}:{frame.lineno} in {frame.name}" for frame in passed]
    return CrashError("\n".join([f"lightfield-etl itself has failed: {type(fault).__name__}, at", *places[-_SHOWN_PLACES:]]))


class LockedError(EtlError):
    """Another run of this import holds the lock."""

    exit_code = 4
    reason = "locked"


class InterruptedRunError(EtlError):
    """A signal ended the run; what was in flight is finished or recorded."""

    exit_code = 130
    reason = "interrupted"

    def __init__(self, message: str, *, signal_number: int, next_step: str | None = None) -> None:
        super().__init__(message, next_step=next_step)
        self.exit_code = 128 + signal_number
