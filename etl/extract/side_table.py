"""Where do the side files that ``values`` names lie, and what stands in them?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from etl.config.columns import find_column
from etl.config.model import SourceConfig
from etl.errors import SourceError
from etl.extract.archive import find_member, opened_archive, unpack_member
from etl.extract.encoding import AUTO, encoding_of_bom
from etl.extract.paths import Found, nearest
from etl.extract.reader import open_table
from etl.extract.scratch import Scratch
from etl.extract.spool import PlainFile, local_file
from etl.extract.table import cell_columns
from etl.extract.unpack import ZIP, packing, unpacked

_BLOCK_CHARACTERS = 1 << 20


@dataclass(frozen=True, slots=True)
class SideTables:
    """Opens side files, in every format of the data: looked for in the archives given as data, in the config's folder, beside the data.

    Attributes:
        archives: The archives that were given as data.
        folders: The folders of the data files.
        source: How the data are read; side files are read alike, each with an encoding and a delimiter of its own.
        scratch: For copies.
    """

    archives: Sequence[PlainFile]
    folders: Sequence[Path]
    source: SourceConfig
    scratch: Scratch
    _read: dict[tuple[str, Path, tuple[str, ...]], pl.DataFrame] = field(default_factory=dict)

    def has(self, file: str, folder: Path) -> bool:
        """Is this side file in one of the places? Arguments as ``read``.

        Raises:
            SourceError: An archive is damaged, or several of its members have that name.
        """
        for archive in self.archives:
            with opened_archive(archive) as members:
                if find_member(members, file, archive.shown) is not None:
                    return True
        return any((place / file).is_file() for place in (folder, *self.folders))

    def read(self, file: str, folder: Path, columns: tuple[str, ...]) -> pl.DataFrame:
        """Columns of a side file, as String, under the names that were asked for; each file is read once.

        Args:
            file: As the config names it.
            folder: The config's.
            columns: Found as the config's column names are.

        Raises:
            SourceError: It is in none of the places, cannot be read, or lacks a column.
        """
        asked = (file, folder, columns)
        if asked not in self._read:
            self._read[asked] = self._columns(file, folder, columns)
        return self._read[asked]

    def _columns(self, file: str, folder: Path, columns: tuple[str, ...]) -> pl.DataFrame:
        plain = self._find(file, folder)
        table = open_table(plain, self._how(plain), frozenset(columns), self.scratch)
        own = [_own_column(name, table.columns, file) for name in columns]
        cells = dict(zip(table.columns, cell_columns(len(table.columns)), strict=True))
        try:
            return table.frame.select(pl.col(cells[column]).alias(name) for name, column in zip(columns, own, strict=True)).collect(
                engine="streaming"
            )
        except (pl.exceptions.PolarsError, OSError) as error:
            reason = str(error).partition("\n")[0]
            raise SourceError(f"side file {file!r} cannot be read to its end: {reason}", next_step="export it again") from None

    def _how(self, plain: PlainFile) -> SourceConfig:
        by_itself = self.source.encoding == AUTO or _tells_its_encoding(plain.path)
        return SourceConfig.model_validate({"key": self.source.key, "encoding": AUTO if by_itself else self.source.encoding})

    def _find(self, file: str, folder: Path) -> PlainFile:
        for archive in self.archives:
            with opened_archive(archive) as members:
                member = find_member(members, file, archive.shown)
                if member is not None:
                    return unpacked(unpack_member(members, member, archive, self.scratch), self.scratch)
        for place in (folder, *self.folders):
            if (place / file).is_file():
                plain = local_file(Found(place / file, file), self.scratch, None)
                if packing(plain) == ZIP:
                    raise SourceError(f"side file {file}: is an archive: name the table in it", next_step="unpack it, or give it as DATA")
                return unpacked(plain, self.scratch)
        places = [*(archive.shown for archive in self.archives), *(str(place) for place in dict.fromkeys((folder, *self.folders)))]
        raise SourceError(f"side file {file!r} does not exist; it was looked for in {', '.join(places)}", next_step="put it in one of them")


def _tells_its_encoding(path: Path) -> bool:
    """By a byte order mark, or as UTF-8 that is not all ASCII, which text of another encoding is not by accident."""
    with path.open("rb") as file:
        if encoding_of_bom(file.read(4)) is not None:
            return True
    is_ascii = True
    try:
        with path.open(encoding="utf-8", newline="") as text:
            while block := text.read(_BLOCK_CHARACTERS):
                is_ascii = is_ascii and block.isascii()
    except UnicodeDecodeError:
        return False
    return not is_ascii


def _own_column(name: str, columns: Sequence[str], file: str) -> str:
    own = find_column(columns, (name,))
    if own is not None:
        return own
    near = nearest(name, columns)
    hint = f"; nearest: {near!r}" if near else ""
    raise SourceError(
        f"side file {file!r} has no column {name!r}{hint}; its columns are: {', '.join(columns)}", next_step="correct from and to"
    )
