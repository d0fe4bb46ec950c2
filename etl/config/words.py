"""When are two words the same, and which allowed word did the user mean?"""

from __future__ import annotations

import re
from collections.abc import Iterable

_BLANKS = re.compile(r"[\s_\-]+")

_LEAST_LIKENESS = 60.0
"""Of 100; below it a suggestion is noise."""


def fold_word(word: str) -> str:
    """The form in which translations under ``values`` are matched: trimmed, case-folded, ``_`` and ``-`` as blanks, runs as one."""
    return _BLANKS.sub(" ", word.strip().casefold())


def nearest_word(word: str, allowed: Iterable[str]) -> str | None:
    """The allowed word that is most like ``word``, or None where none is much like it."""
    from rapidfuzz import fuzz, process

    found = process.extractOne(word, list(allowed), scorer=fuzz.ratio, processor=_comparable, score_cutoff=_LEAST_LIKENESS)
    return found[0] if found else None


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """``; did you mean values? (allowed: …)``, or the list alone where nothing is near: the end of a sentence."""
    allowed = list(allowed)
    near = nearest_word(word, allowed)
    question = f"; did you mean {near}?" if near else ""
    return f"{question} (allowed: {', '.join(allowed)})"


def _comparable(word: str) -> str:
    return fold_word(word).lstrip("$")


def is_utf8(text: str) -> bool:
    """Is it text throughout? Bytes of a file's name that are not UTF-8 come to Python as halves of characters."""
    return text.encode("utf-8", "replace").decode("utf-8") == text
