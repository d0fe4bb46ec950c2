"""All faults of a map at once: where, what was found, what is allowed, and the nearest match."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import fuzz, process, utils

from etl.config.faults import preset_advice
from etl.config.model import ReadConfig
from etl.errors import ConfigError

_SIMILAR_ENOUGH = 60
_LISTED = 60


def nearest(found: str, allowed: Iterable[str]) -> str | None:
    """The most similar of the allowed words, or None when none is similar."""
    best = process.extractOne(found, list(allowed), scorer=fuzz.WRatio, processor=utils.default_process, score_cutoff=_SIMILAR_ENOUGH)
    return best[0] if best else None


def listed(words: Iterable[str]) -> str:
    """The words, joined by commas; a very long list is cut, and says so."""
    words = list(words)
    more = f" and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
    return ", ".join(words[:_LISTED]) + more


class Faults:
    """Collects what is wrong with a config, so that a person hears of everything in one go."""

    def __init__(self, config: ReadConfig) -> None:
        self._config = config
        self._lines: list[str] = []
        self._notes: list[str] = []

    def add(self, sentence: str, *path: str) -> None:
        """A fault at the key ``path``: its place, its dotted name and the sentence."""
        where = self._config.where(*path)
        line = f"{where}: {'.'.join(path)}: {sentence}{preset_advice(where, self._config.presets, str(self._config.path))}"
        if line not in self._lines:
            self._lines.append(line)

    def note(self, sentence: str) -> None:
        """What helps with several of the faults; it is said once, after them."""
        if sentence not in self._notes:
            self._notes.append(sentence)

    def raise_if_any(self) -> None:
        """Ends the collection.

        Raises:
            ConfigError: There are faults; the message has one a line.
        """
        if self._lines:
            step = f"correct {self._config.path}, or give the file that it is made for; then run the same command again"
            raise ConfigError("\n".join([*self._lines, *self._notes]), next_step=step)
