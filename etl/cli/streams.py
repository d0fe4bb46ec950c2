"""What becomes of words that nobody takes: a pipe that `head` has closed, a log on a full disk?

A job goes on, and ends with its own exit code: its words are not its work.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO

from etl.errors import LocalFailureError


def keep_streams() -> None:
    """From here on what standard output or error refuses, a letter or everything, ends no process in its own way."""
    # A console of Windows takes characters, not bytes.
    if os.name == "nt":
        return
    sys.stdout = _kept(sys.stdout, is_output=True)
    sys.stderr = _kept(sys.stderr, is_output=False)


class _Stream(io.FileIO):
    """A descriptor that refuses at most once."""

    def __init__(self, descriptor: int, *, is_output: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._is_output = is_output
        self._is_lost = False

    def write(self, data: Any) -> int:
        """All of the data, or what would have been written.

        Raises:
            LocalFailureError: Standard output takes no more, and it is not its reader who has left.
        """
        rest = memoryview(data)
        while rest and not self._is_lost:
            try:
                rest = rest[os.write(self.fileno(), rest) :]
            except OSError as error:
                self._is_lost = True
                if self._is_output and not isinstance(error, BrokenPipeError):
                    raise LocalFailureError(
                        f"standard output cannot be written: {error.strerror}", next_step="run the same command again with another output"
                    ) from None
        return len(data)


def _kept(stream: TextIO | None, *, is_output: bool) -> TextIO | None:
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    raw = _Stream(stream.fileno(), is_output=is_output)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
