"""What was asked for, and the world that a job runs in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, BinaryIO, Protocol

from etl.clock import Clock
from etl.config.amounts import CountOrShare
from etl.config.fields import LookupName
from etl.report.voice import Voice

DEFAULT_BASE_URL = "https://api.lightfield.app"


@dataclass(frozen=True, slots=True)
class JobRequest:
    """One command with its options, as they stand on the command line.

    Attributes:
        command: ``run``, ``check``, ``retry``, ``reconcile``, ``verify``, ``undo``, ``doctor`` or ``runs``.
        config_path: The config file.
        data: Paths, globs or ``-``; they replace ``source.path``.
        out: Folder of the run folders.
        typed: The command as it was typed, for messages that say what to do next.
        ledger, base_url, api_key_file: Over environment and config; None where not given.
        limit: Only the first N rows of the input.
        assume_yes: No question before the first write.
        rate: A cap on writes per second.
        concurrency: Requests in flight; None adapts.
        max_failures: Over ``limits.max_failures``.
        max_duration_seconds: Stop after so long.
        wait_seconds: How long to wait for the lock.
        stream: No look ahead.
        offline: Ask nobody (``check``); look-ups are then unchecked.
        run: Only the rows of this run (``retry``, ``undo``, ``verify``).
        force_new: Go on although the ledger seems to be lost or old.
        sync: Over ``mode`` of the config: rows that changed are updated, or are not; None leaves it to the config.
        complete: DATA is the whole source.
        by_cancel: Tasks that were made are cancelled instead of moved to the trash (``undo``).
        even_if_edited: Also what people touched since (``undo``).
    """

    command: str
    config_path: Path
    data: tuple[str, ...] = ()
    out: Path = Path("results")
    typed: str = "lightfield-etl run"
    ledger: str | None = None
    base_url: str | None = None
    api_key_file: Path | None = None
    limit: int | None = None
    assume_yes: bool = False
    rate: float | None = None
    concurrency: int | None = None
    max_failures: CountOrShare | None = None
    max_duration_seconds: float | None = None
    wait_seconds: float = 0.0
    stream: bool = False
    offline: bool = False
    run: str | None = None
    force_new: bool = False
    sync: bool | None = None
    complete: bool = False
    by_cancel: bool = False
    even_if_edited: bool = False


@dataclass(frozen=True, slots=True)
class RunsRequest:
    """What of the history is to be looked at (``runs``).

    Attributes:
        config_path: Whose import; None: all that the ledger knows.
        run: A run's name, or ``latest``; None: the history.
        ledger: ``--ledger``.
        limit: So many runs of each import.
        failures: Write what the ledger holds of the run's failures to a file.
        out: Folder of that file.
    """

    config_path: Path | None = None
    run: str | None = None
    ledger: str | None = None
    limit: int = 20
    failures: bool = False
    out: Path = Path("results")


class Practice(Protocol):
    """A sandbox that stands in for Lightfield and learns the names that the data asks for."""

    base_url: str
    api_key: str

    def learn_names(self, names: Mapping[LookupName, frozenset[str]]) -> str:
        """Take in the names of each look-up (``member.email`` …); returns the sentence that says what was accepted unseen."""
        ...

    def learn_relationships(self, slugs: Mapping[str, bool]) -> None:
        """Take in custom relationships of the map; the value says whether it takes several."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The world that a job runs in; everything that a test wants to put in its own hands.

    Attributes:
        environment: Of the process.
        clock: Time and waiting.
        random: Of jitter and run ids.
        voice: Where messages, progress and tables go (stderr).
        stdin: What ``-`` reads.
        working_folder: Paths on the command line are relative to it.
        ask: Puts a question to a person and returns the answer; None where there is no terminal.
        practice: A sandbox instead of Lightfield; then the ledger is in memory.
        transport: Stands in for the network, as ``LightfieldClient`` takes it; None for the real one.
        webhook: The same for the messages of ``notify``.
    """

    environment: Mapping[str, str] = field(repr=False)
    clock: Clock
    random: Random
    voice: Voice
    stdin: BinaryIO | None
    working_folder: Path
    ask: Callable[[str], str] | None = None
    practice: Practice | None = None
    transport: Any | None = field(default=None, repr=False)
    webhook: Any | None = field(default=None, repr=False)
