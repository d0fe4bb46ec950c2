"""Is a file still the one that was opened?"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from etl.errors import SourceChangedError, SourceError

_NEXT_STEP = "wait until the file is complete, then run the same command again"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one state of a file from another.

    Attributes:
        path: The user's own file.
        shown: As they named it.
        state: Device, inode, size in bytes, times of the last change of content and of the entry in nanoseconds.
    """

    path: Path
    shown: str
    state: tuple[int, int, int, int, int]

    def ensure_unchanged(self) -> None:
        """Hold the file against the stamp.

        Raises:
            SourceChangedError: It was cut, rewritten, replaced or removed since.
        """
        try:
            state = _state(os.stat(self.path))  # noqa: PTH116  the same call as for a descriptor
        except OSError as error:
            raise SourceChangedError(f"{self.shown} cannot be read any more: {error.strerror}", next_step=_NEXT_STEP) from None
        if state != self.state:
            raise SourceChangedError(f"{self.shown} changed while it was read{_size_change(self.state[2], state[2])}", next_step=_NEXT_STEP)


def stamp(path: Path, shown: str) -> Stamp:
    """The file as it is now.

    Raises:
        SourceError: It cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return Stamp(path, shown, _state(os.fstat(file.fileno())))
    except OSError as error:
        raise SourceError(f"{shown}: cannot be read: {error.strerror}", next_step="check who may read the file and its folder") from None


def _state(about: os.stat_result) -> tuple[int, int, int, int, int]:
    return about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns


def _size_change(before: int, after: int) -> str:
    return "" if before == after else f": it had {before:,} bytes and now has {after:,}"
