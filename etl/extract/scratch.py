"""Where do copies of the input lie while they are read?"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


class Scratch:
    """Private files (0600 in a 0700 folder) that vanish with ``close``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[Path] = []

    @property
    def folder(self) -> Path:
        """Exists, and is the user's alone if it was made here."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._folder

    def new_file(self, suffix: str) -> Path:
        """An empty private file."""
        descriptor, name = tempfile.mkstemp(prefix="input-", suffix=suffix, dir=self.folder)
        os.close(descriptor)
        self._files.append(Path(name))
        return self._files[-1]

    def discard(self, path: Path) -> None:
        """Remove one file of ours early, to give its room back."""
        if path in self._files:
            self._files.remove(path)
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove every file made here."""
        while self._files:
            self._files.pop().unlink(missing_ok=True)
