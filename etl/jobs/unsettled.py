"""Which words of the data stand for nothing in Lightfield, and what has a person said of them in ``lookups.csv``?"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from etl.config.presets import presets_folder
from etl.jobs.session import Session
from etl.jobs.tables import Directory
from etl.report.lookups_file import LOOKUPS_SCHEMA, UnreadableLookupsError, read_lookups
from etl.transform.side_files import LOOKUPS_FILE
from etl.transform.words import word_key


@dataclass(frozen=True, slots=True, eq=False)
class LookupsFile:
    """The ``lookups.csv`` of a config, as it was before the check.

    Attributes:
        path: Beside the config; in the working folder for a preset that is used as it was shipped.
        shown: The same for people.
        beside_config: The config's own ``values: lookups.csv`` reads it.
        lines: As ``read_lookups``, with ``key`` (``word_key`` of the value).
        fault: Why it must not be written; None where it may.
    """

    path: Path
    shown: str
    beside_config: bool
    lines: pl.DataFrame
    fault: str | None = None

    def filled_in(self) -> pl.DataFrame:
        """``field`` and ``key`` of what a person has settled, each once."""
        return self.lines.filter(pl.col("use").is_not_null()).select("field", "key").unique(maintain_order=True)


@dataclass(frozen=True, slots=True, eq=False)
class Unsettled:
    """What ``check`` writes to ``lookups.csv`` and shows.

    Attributes:
        lookups: The file.
        words: As ``words.judged``: the words without a meaning, and those that the file settles.
        directory: What Lightfield has.
        beyond: Further distinct words without a meaning.
    """

    lookups: LookupsFile
    words: pl.DataFrame = field(repr=False)
    directory: Directory = field(repr=False)
    beyond: int = 0


def open_lookups(session: Session) -> LookupsFile:
    """The file as it is now; one that cannot be read is said aloud, and left alone."""
    folder, working_folder = session.config.folder, session.around.working_folder
    beside = folder.resolve() != presets_folder().resolve()
    path = (folder if beside else working_folder) / LOOKUPS_FILE
    shown = str(path.relative_to(working_folder)) if path.is_relative_to(working_folder) else str(path)
    fault = None
    try:
        lines = read_lookups(path)
    except UnreadableLookupsError as error:
        lines, fault = pl.DataFrame(schema=LOOKUPS_SCHEMA), str(error)
    key = word_key(pl.col("value")).alias("key")
    return LookupsFile(path, shown, beside, lines.with_columns(pl.col("field", "value").fill_null("")).with_columns(key), fault)
