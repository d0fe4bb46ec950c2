"""Where do a run's files lie, and who may read them?

``OUT/<run-id>/`` is 0700 and every file in it 0600, whatever the umask; ``OUT/latest`` points to the newest run that wrote.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from etl.errors import LocalFailureError, SettingsError

LATEST = "latest"
"""The name beside the runs that leads to the newest of them."""

_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600
_RUN_AGAIN = "free some space or mend the folder, then run the same command again"


def new_run_id(now: datetime, random_hex: str) -> str:
    """A run's name, such as ``20261122T235641Z-3f9a1c``: sorted by name, runs stand in the order of their start.

    Args:
        now: When the run starts; any zone.
        random_hex: Keeps two runs of one second apart; the first six characters are used.
    """
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{random_hex[:6]}"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The private folder of one run.

    Attributes:
        out: The folder that holds all runs.
        run_id: This run's name, and its folder's.
    """

    out: Path
    run_id: str

    @classmethod
    def create(cls, out: Path, run_id: str) -> RunFolder:
        """Makes the run's folder, and ``out`` where it is missing.

        Raises:
            SettingsError: ``out`` is no folder, cannot be made or written, or already holds this run.
        """
        folder = cls(out, run_id)
        try:
            out.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            folder._refuse_a_real_folder_called_latest()
            folder.path.mkdir(mode=_PRIVATE_FOLDER)
            # mkdir's mode is cut by the umask, and an odd umask would lock the user out of their own folder.
            folder.path.chmod(_PRIVATE_FOLDER)
        except OSError as error:
            raise _unusable(out, error) from error
        return folder

    @property
    def path(self) -> Path:
        """``OUT/<run-id>``."""
        return self.out / self.run_id

    @property
    def results(self) -> Path:
        """``results.csv``: every row of the input."""
        return self.path / "results.csv"

    @property
    def failures(self) -> Path:
        """``failures.csv``: the rows that need a person."""
        return self.path / "failures.csv"

    @property
    def summary(self) -> Path:
        """``summary.json``."""
        return self.path / "summary.json"

    @property
    def page(self) -> Path:
        """``report.html``."""
        return self.path / "report.html"

    @property
    def receipt(self) -> Path:
        """``receipt.json``: what a verify found."""
        return self.path / "receipt.json"

    @property
    def receipt_page(self) -> Path:
        """``receipt.html``: the same to be printed."""
        return self.path / "receipt.html"

    @property
    def verified(self) -> Path:
        """``verify.csv``: the rows that are not as their tasks are."""
        return self.path / "verify.csv"

    def written(self) -> tuple[Path, ...]:
        """Those of the run's files that exist, in the order in which a person would open them."""
        of_verify = (self.receipt_page, self.verified, self.receipt)
        return tuple(path for path in (*of_verify, self.page, self.failures, self.results, self.summary) if path.is_file())

    def open_new(self, path: Path) -> BinaryIO:
        """A new private file, open for writing and unbuffered, so that a frame written to it is on its way at once.

        Raises:
            LocalFailureError: The folder vanished, the disk is full, or the file is already there.
        """
        with local_failures(path):
            return open_private(path)

    def write_atomically(self, path: Path, content: bytes) -> None:
        """The whole file or none of it: readers see the old content until the new one is durable.

        Raises:
            LocalFailureError: The folder vanished or the disk is full.
        """
        part = path.with_name(f".{path.name}.part")
        with local_failures(path):
            part.unlink(missing_ok=True)
            with open_private(part) as stream:
                write_all(stream, content)
                os.fsync(stream.fileno())
            part.replace(path)

    def point_latest(self) -> None:
        """Makes ``OUT/latest`` a symlink to this run, in one step; a text file with the run's name where symlinks are impossible.

        Raises:
            LocalFailureError: Neither can be written.
        """
        fresh = self.out / f".{LATEST}-{self.run_id}"
        with local_failures(self.out / LATEST):
            try:
                fresh.symlink_to(self.run_id, target_is_directory=True)
            except (OSError, NotImplementedError):
                # Windows without the privilege, and some network disks.
                with open_private(fresh) as stream:
                    write_all(stream, f"{self.run_id}\n".encode())
            fresh.replace(self.out / LATEST)

    def _refuse_a_real_folder_called_latest(self) -> None:
        latest = self.out / LATEST
        if latest.is_dir() and not latest.is_symlink():
            raise SettingsError(
                f"{latest} is a folder, but that name is needed for the link to the newest run",
                next_step=f"rename {latest}, or give another folder with --out",
            )


def open_private(path: Path) -> BinaryIO:
    """Creates a file that nobody else may read, whatever the umask, and opens it for writing.

    Raises:
        OSError: As ``os.open``; also when the file is already there.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), _PRIVATE_FILE)
    path.chmod(_PRIVATE_FILE)
    return os.fdopen(descriptor, "wb", buffering=0)


@contextmanager
def local_failures(path: Path) -> Iterator[None]:
    """Turns what the disk refuses about ``path`` into a LocalFailureError that says what to do."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise LocalFailureError(f"cannot write {path}: {reason}", next_step=_RUN_AGAIN) from error


def write_all(stream: BinaryIO, content: bytes) -> None:
    """All of it: an unbuffered stream may take a part, and only the next write says that the disk is full.

    Raises:
        OSError: As ``write``.
    """
    rest = memoryview(content)
    while rest:
        rest = rest[stream.write(rest) :]


def _unusable(out: Path, error: OSError) -> SettingsError:
    if isinstance(error, FileExistsError | NotADirectoryError) and not out.is_dir():
        return SettingsError(f"the results folder {out} is not a folder", next_step="give the name of a folder with --out")
    reason = error.strerror or str(error)
    return SettingsError(
        f"the results folder {out} cannot be used: {error.filename or out}: {reason}",
        next_step="make the folder writable, or give another one with --out",
    )
