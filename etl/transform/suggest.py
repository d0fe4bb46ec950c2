"""Which known names are nearest to a word that nobody knows? For people to choose from; never applied by themselves."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from heapq import nlargest
from itertools import chain, islice

from rapidfuzz import fuzz, process

Known = Sequence[tuple[str, str]]
"""What is compared, and what is suggested then: a member's name, and that member's e-mail."""

SUGGESTIONS = 2
"""At most so many for each word."""

MOST_COMPARISONS = 100_000_000
"""Words times names; words beyond, the least frequent, get no suggestion. Some 6 s."""

_SIMILAR_ENOUGH = 75
_WORTH_A_LOOK = 72
_LOOKED_AT = 8
_SHORTEST_TOKEN = 3
_RARE = 30
_LEGAL_FORMS = frozenset(
    {
        *("the", "inc", "incorporated", "corp", "corporation", "co", "company", "llc", "llp", "lp", "ltd", "limited", "plc", "pty"),
        *("gmbh", "ag", "kg", "mbh", "se", "sa", "sas", "sarl", "srl", "spa", "bv", "nv", "ab", "as", "oy", "aps"),
    }
)
_NOT_A_LETTER = re.compile(r"[\W_]+")


def suggestions(words: Iterable[str], known: Known) -> dict[str, tuple[str, ...]]:
    """For each word the nearest known names, the nearest first; words without any are left out.

    Compared are letters and digits, without accents and whatever their order; of an e-mail what stands before the ``@``, as people
    keep that when their company's domain changes.

    Args:
        words: The most frequent first: see MOST_COMPARISONS.
        known: The names.
    """
    names = _Names(known)
    affordable = MOST_COMPARISONS // max(len(known), 1)
    found = {word: names.nearest(word) for word in islice(words, affordable)}
    return {word: near for word, near in found.items() if near}


class _Names:
    """The known names in the form in which they are compared, and by their rare words."""

    def __init__(self, known: Known) -> None:
        self._shown = [shown for _, shown in known]
        self._forms = [_form(text) for text, _ in known]
        self._by_token: dict[str, list[int]] = {}
        for place, form in enumerate(self._forms):
            for token in form.split():
                self._by_token.setdefault(token, []).append(place)

    def nearest(self, word: str) -> tuple[str, ...]:
        form = _form(word)
        if not form:
            return ()
        alike = process.extract(form, self._forms, scorer=fuzz.ratio, processor=None, limit=_LOOKED_AT, score_cutoff=_WORTH_A_LOOK)
        places = dict.fromkeys(chain((place for _, _, place in alike), self._sharing(form)))
        scored = [(score, self._shown[place]) for place in places if (score := _score(form, self._forms[place])) >= _SIMILAR_ENOUGH]
        best: dict[str, float] = {}
        for score, shown in scored:
            best[shown] = max(score, best.get(shown, 0))
        return tuple(nlargest(SUGGESTIONS, best, key=lambda shown: best[shown]))

    def _sharing(self, form: str) -> Iterable[int]:
        """Names that share a word which few have: *Acme* and *Acme Robotics*, far apart in letters."""
        groups = (self._by_token.get(token, ()) for token in form.split() if len(token) >= _SHORTEST_TOKEN)
        return chain.from_iterable(group for group in groups if len(group) <= _RARE)


def _score(form: str, other: str) -> float:
    return max(fuzz.ratio(form, other), 0.9 * fuzz.token_set_ratio(form, other))


def _form(text: str) -> str:
    """Its words in lower case and in the order of the alphabet; without *Inc*, *GmbH* and the like, unless there is nothing else."""
    local, at, _ = text.rpartition("@")
    plain = unicodedata.normalize("NFKD", local if at else text).casefold()
    letters = "".join(character for character in plain if not unicodedata.combining(character))
    tokens = sorted(_NOT_A_LETTER.sub(" ", letters).split())
    return " ".join([token for token in tokens if token not in _LEGAL_FORMS] or tokens)
