"""What is the file that ``init`` was given? Its preset, if it has one, its columns, and what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from etl.config.model import CONTENT_KEY, ReadConfig, SourceConfig
from etl.config.presets import preset_names, preset_path
from etl.config.reader import read_config
from etl.config.words import did_you_mean
from etl.errors import SettingsError, SourceError
from etl.extract.scan import OpenSource, open_source
from etl.frames import EXCLUDED, RESERVED, SourceFile
from etl.starter.draft import has_source, lacking_key
from etl.starter.profile import ColumnProfile, profile_columns
from etl.starter.propose import FieldGuess, propose
from etl.starter.recognise import Recognition, recognise, signature_names
from etl.task import TITLE
from etl.transform.mentions import mentioned_columns

SAMPLE_ROWS = 5_000
"""So many rows are looked at for what the columns hold."""

_SHOWN_COLUMNS = 40
_UNPROVEN = re.compile(r"^# unproven: *(.+)$", re.MULTILINE)
_ANY_KEY = SourceConfig.model_validate({"key": CONTENT_KEY})


@dataclass(frozen=True, slots=True)
class Place:
    """Where ``init`` was typed.

    Attributes:
        folder: What relative paths start from.
        environment: For the variables that a preset names.
    """

    folder: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset that was chosen for a file.

    Attributes:
        name: What ``extends`` says.
        config: What it says.
        unproven: What is unsure about it, or None.
        why: How it was chosen, half a sentence.
    """

    name: str
    config: ReadConfig
    unproven: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Look:
    """What the file is.

    Attributes:
        preset: None where no preset fits.
        files: Of the input.
        profiles: Of the columns of the first file.
        guesses: Which of them could be which field.
    """

    preset: Preset | None
    files: tuple[SourceFile, ...]
    profiles: dict[str, ColumnProfile]
    guesses: dict[str, FieldGuess]


def choose_preset(data: Sequence[str], wanted: str | None, place: Place, scratch: Path) -> Preset | None:
    """The preset for the input: the one that is wanted, else the one whose signature its header bears.

    Raises:
        SettingsError: There is no preset of the wanted name.
        SourceError: The input cannot be opened.
    """
    if wanted is not None:
        return _preset(Recognition(wanted, ()), place)
    with opened(_ANY_KEY, data, signature_names(), place, scratch) as source:
        found = recognise(source.files[0].columns)
    return _preset(found, place) if found is not None and found.preset in preset_names() else None


def _preset(found: Recognition, place: Place) -> Preset:
    path = preset_path(found.preset)
    if path is None:
        near = did_you_mean(found.preset, preset_names())
        raise SettingsError(
            f"--preset: there is no preset {found.preset!r}{near}", next_step="leave --preset out to have the CRM recognised"
        )
    why = f"by its columns {', '.join(found.columns)}" if found.columns else "as --preset says"
    unproven = _UNPROVEN.search(path.read_text(encoding="utf-8"))
    return Preset(found.preset, read_config(path, place.environment), unproven[1] if unproven else None, why)


@contextmanager
def opened(settings: SourceConfig, data: Sequence[str], names: frozenset[str], place: Place, scratch: Path) -> Iterator[OpenSource]:
    """The input, opened as ``settings`` say; closed at the end.

    Raises:
        SourceError: As ``open_source``.
    """
    with open_source(settings, data, place.folder, names=names, scratch=scratch, spare=True) as source:
        yield source


@contextmanager
def opened_for(preset: Preset | None, data: Sequence[str], place: Place, scratch: Path) -> Iterator[OpenSource]:
    """The input, opened as the preset says, or with defaults."""
    settings = preset.config.job.source if preset else _ANY_KEY
    names = mentioned_columns(preset.config.job) if preset else signature_names()
    with opened(settings, data, names, place, scratch) as source:
        yield source


def look_at(source: OpenSource, preset: Preset | None, *, insisted: bool) -> Look:
    """What the columns hold, and which could be which field.

    Args:
        source: The input, opened as the preset says.
        preset: None where no preset fits.
        insisted: The preset was asked for by name: then the file has to have its key.

    Raises:
        SourceError: The file is not what the preset reads, or nothing in it looks like a title.
    """
    file = source.files[0]
    profiles = profile_columns(_sample(source))
    guesses = propose(profiles)
    if insisted and preset is not None:
        _hold_to(preset, file)
    by_preset = preset is not None and has_source(preset.config.job.map[TITLE], file.columns)
    if not by_preset and TITLE not in guesses:
        raise SourceError(
            f"{file.path}: no column looks like a task's title; the columns that were found: {_listed(file.columns)}",
            next_step=f"name the system with --preset ({', '.join(preset_names())}), or write a config by hand",
        )
    return Look(preset, source.files, profiles, guesses)


def _sample(source: OpenSource) -> pl.DataFrame:
    raw = next(source.batches(rows_per_batch=SAMPLE_ROWS, limit=SAMPLE_ROWS), None)
    if raw is None:
        raise SourceError(f"{source.files[0].path}: has a header and no rows", next_step="export it again, with tasks in it")
    rows = raw.frame.filter(~pl.col(EXCLUDED))
    # A file whose first rows are all excluded still has columns to be looked at.
    rows = rows if rows.height else raw.frame
    return rows.drop(column for column in rows.columns if column.startswith(RESERVED))


def _hold_to(preset: Preset, file: SourceFile) -> None:
    job = preset.config.job
    key = lacking_key(job, file.columns)
    lacks = [f"{' or '.join(key)} (source.key)"] if key else []
    lacks += ["what $title is made of"] if not has_source(job.map[TITLE], file.columns) else []
    if lacks:
        raise SourceError(
            f"{file.path} is not what the preset {preset.name} reads: it lacks {', '.join(lacks)}; "
            f"the columns that were found: {_listed(file.columns)}",
            next_step="leave --preset out to have the columns guessed, or export the file again with these columns",
        )


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(columns[:_SHOWN_COLUMNS]) + (" …" if len(columns) > _SHOWN_COLUMNS else "")
