"""What does a whole draft say? First what the columns tell, then what comes to light when that is held against every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from etl.config.reader import read_config
from etl.config.words import fold_word
from etl.extract.scan import OpenSource
from etl.starter.draft import Draft, StatusLine, fields_from_guesses, fields_over_preset, key_from, lacking_key, proposed_status
from etl.starter.look import Look
from etl.starter.trial import Findings, try_out
from etl.starter.writing import starter_text
from etl.starter.zones import machine_zone
from etl.task import DUE_AT, STATUS, STATUSES

_DUE_TIME = "17:00"
_LONGEST_WORD = 200


def compose(look: Look, source: OpenSource, target: Path, *, scratch: Path, environment: Mapping[str, str]) -> Draft:
    """The draft for a file.

    Args:
        look: What the file is.
        source: The same input, opened as the draft will say.
        target: Where the config shall be: its name becomes the import's, and faults are told of it.
        scratch: A folder for what is only tried.
        environment: ``TZ`` is looked up here where times carry no zone.

    Raises:
        ConfigError: The draft cannot be used on the file.
        SourceError, SourceChangedError: As ``OpenSource.batches``.
    """
    draft = _before_the_rows(look, target.stem)
    return _completed(draft, _tried(draft, source, scratch / "draft.yaml", target), look, environment)


def _before_the_rows(look: Look, name: str) -> Draft:
    """What can be said before the rows are mapped: everything but the zone and the words of the status."""
    preset, columns = look.preset, tuple(look.profiles)
    if preset is None:
        time = _DUE_TIME if DUE_AT in look.guesses else None
        fields = fields_from_guesses(look.profiles, look.guesses)
        return Draft(name, None, None, _seen(look), (key_from(look.guesses),), fields, time=time)
    key = (key_from(look.guesses),) if lacking_key(preset.config.job, columns) else ()
    fields = fields_over_preset(preset.config.job, look.profiles, look.guesses)
    return Draft(name, preset.name, preset.unproven, _seen(look), key, fields)


def _seen(look: Look) -> tuple[str, ...]:
    file, more = look.files[0], len(look.files) - 1
    others = f" and {more} more" if more else ""
    first = f"Written by `lightfield-etl init` for {file.path}{others}: {len(look.profiles)} columns."
    if look.preset is None:
        return first, "No preset fits its columns: they were guessed by their names and by what the first rows hold. Compare them."
    return first, f"It is an export of {look.preset.name}, {look.preset.why}."


def _tried(draft: Draft, source: OpenSource, path: Path, target: Path) -> Findings:
    """The draft, held against every row."""
    path.write_text(starter_text(draft), encoding="utf-8")
    return try_out(replace(read_config(path, {}), path=target), source)


def _completed(draft: Draft, found: Findings, look: Look, environment: Mapping[str, str]) -> Draft:
    """The draft with the words of the status, and with a zone where the times need one."""
    zone = machine_zone(environment) if found.zoneless else None
    left_out = _left_out(look, found)
    return replace(draft, statuses=_statuses(draft, found, look), timezone=zone, zoneless=found.zoneless, left_out=left_out)


def _left_out(look: Look, found: Findings) -> tuple[str, ...]:
    """The columns that have something to say and go nowhere; of the longest texts a person wants to know first."""
    left = (profile for profile in look.profiles.values() if profile.filled and profile.name not in found.read)
    return tuple(profile.name for profile in sorted(left, key=lambda profile: -profile.mean_length))


def _statuses(draft: Draft, found: Findings, look: Look) -> tuple[StatusLine, ...]:
    """The file's words, then those that the preset knows besides: its map is written out, so that words can be added to it."""
    guess = look.guesses.get(STATUS)
    profile = look.profiles[guess.column] if guess is not None else None
    lines = []
    for word, rows in _by_spelling(found.words):
        status, is_settled = proposed_status(word, found.known.get(word), profile, with_preset=draft.preset is not None)
        lines.append(StatusLine(word, rows, status, is_settled))
    seen = {fold_word(line.word) for line in lines}
    others = [(word, status) for word, status in found.preset_words.items() if fold_word(word) not in seen]
    return (*lines, *(StatusLine(word, 0, status, is_settled=True) for word, status in others)) if lines else ()


def _by_spelling(words: Counter[str]) -> list[tuple[str, int]]:
    """The words that need a translation, the most frequent first; those that differ only in what a map overlooks are one."""
    rows: Counter[str] = Counter()
    spelling: dict[str, str] = {}
    for word, number in sorted(words.items(), key=lambda one: (-one[1], one[0])):
        if word not in STATUSES and len(word) <= _LONGEST_WORD:
            rows[spelling.setdefault(fold_word(word), word)] += number
    return rows.most_common()
