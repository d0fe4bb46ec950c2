"""Which files does the user mean?"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rapidfuzz import process

from etl.config.addresses import is_address, shown_address
from etl.config.words import is_utf8
from etl.errors import SourceError

STDIN = "-"

_NEAR = 60.0
"""Similarity, 0 to 100, from which a name is worth suggesting."""


@dataclass(frozen=True, slots=True)
class Found:
    """One file of the input.

    Attributes:
        path: Where it is; None for standard input and for an address.
        shown: As the user named it, or as their glob found it; an address without its query, which may be a secret.
        address: Where to fetch it, or None.
    """

    path: Path | None
    shown: str
    address: str | None = field(default=None, repr=False)


def find_files(patterns: Sequence[str], folder: Path) -> tuple[Found, ...]:
    """The files that paths, globs, addresses and ``-`` name, in the order of the patterns and then of their names; each file once.

    Args:
        patterns: Relative ones start at ``folder``.
        folder: The working directory, or the config's folder.

    Raises:
        SourceError: A pattern names nothing, or a folder; or there is no pattern.
    """
    if not patterns:
        raise SourceError("no input is named", next_step="name the files on the command line, or set source.path in the config")
    return tuple(_without_repeats(found for pattern in patterns for found in _expand(pattern, folder)))


def nearest(wanted: str, names: Iterable[str]) -> str | None:
    """The name that ``wanted`` was probably meant to be."""
    match = process.extractOne(wanted, list(names), score_cutoff=_NEAR)
    return None if match is None else str(match[0])


def natural_key(name: str) -> list[str | int]:
    """Sorts ``tasks-10`` after ``tasks-9``."""
    return [int(part) if part.isdecimal() else part.casefold() for part in re.split(r"(\d+)", name)]


def _expand(pattern: str, folder: Path) -> list[Found]:
    if pattern == STDIN:
        return [Found(None, STDIN)]
    if is_address(pattern):
        return [Found(None, shown_address(pattern), pattern)]
    path = folder / os.path.expanduser(pattern)  # noqa: PTH111  pathlib's raises for a user whom nobody knows
    if _exists(path, pattern):
        if path.is_dir():
            raise SourceError(f"{pattern} is a folder, not a file", next_step=f"name its files, such as {pattern.rstrip('/')}/*.csv")
        return [Found(path, pattern)]
    if glob.has_magic(pattern):
        return _expand_glob(pattern, folder)
    raise SourceError(f"{pattern}: there is no such file{_suggestion(path)}", next_step="check the path, which starts at " + str(folder))


def _exists(path: Path, shown: str) -> bool:
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        # ValueError: no file has a name with NUL in it.
        return False
    except OSError as error:
        raise SourceError(f"{shown}: cannot be read: {error.strerror}", next_step="check who may read the file and its folder") from None
    return True


def _expand_glob(pattern: str, folder: Path) -> list[Found]:
    names = glob.glob(os.path.expanduser(pattern), root_dir=folder, recursive=True)  # noqa: PTH111, PTH207  pathlib has no root_dir with ** and absolute patterns
    files = [name for name in names if not (folder / name).is_dir()]
    if not files:
        raise SourceError(f"{pattern}: no file fits this pattern", next_step="check the pattern, which starts at " + str(folder))
    return [Found(folder / name, name) for name in sorted(files, key=natural_key)]


def _suggestion(path: Path) -> str:
    try:
        names = os.listdir(path.parent)  # noqa: PTH208  names are wanted, not paths
    except OSError:
        return f"; the folder {path.parent} is not there either"
    near = nearest(path.name, names)
    return f"; did you mean {near}?" if near else ""


def _without_repeats(files: Iterable[Found]) -> Iterable[Found]:
    seen: set[tuple[int, int] | str] = set()
    for found in files:
        identity = _identity(found)
        if identity not in seen:
            seen.add(identity)
            yield found


def _identity(found: Found) -> tuple[int, int] | str:
    if found.path is None:
        return found.address or STDIN
    if not _exists(found.path, found.shown):
        raise SourceError(f"{found.shown}: the link leads to nothing", next_step="repair or remove the link")
    if not is_utf8(str(found.path)):
        raise SourceError(
            f"{found.shown}: its name, or that of a folder above it, is not UTF-8",
            next_step="rename it, or hand it on: lightfield-etl run CONFIG - < FILE",
        )
    about = found.path.stat()
    return about.st_dev, about.st_ino
