"""Which column of a file that nobody has described could be which field? By names and contents, each with how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from etl.starter.profile import ColumnProfile
from etl.starter.wishes import WISHES, Wish, name_words

Sureness = Literal["sure", "likely", "unsure"]
"""``sure``: the name and the contents say so. ``likely``: one of them does. ``unsure``: nothing speaks against it."""


@dataclass(frozen=True, slots=True)
class FieldGuess:
    """One column for one field.

    Attributes:
        target: A field of the map, or KEY.
        column: The file's own name.
        sureness: How sure it is.
        why: Half a sentence for people.
    """

    target: str
    column: str
    sureness: Sureness
    why: str


def propose(profiles: Mapping[str, ColumnProfile]) -> dict[str, FieldGuess]:
    """The columns of a file whose CRM is not known.

    Args:
        profiles: Of each column, in file order.

    Returns:
        By target; a field for which no column speaks is not in it. No column serves two fields.
    """
    guesses: dict[str, FieldGuess] = {}
    left = dict(profiles)
    for by_name in (True, False):
        for target, wish in WISHES.items():
            guess = None if target in guesses else _best(target, wish, left.values(), by_name=by_name)
            if guess is not None:
                guesses[target] = guess
                del left[guess.column]
    return {target: guesses[target] for target in WISHES if target in guesses}


def _best(target: str, wish: Wish, profiles: Iterable[ColumnProfile], *, by_name: bool) -> FieldGuess | None:
    fitting = [profile for profile in profiles if profile.filled and wish.possible(profile)]
    if not by_name:
        found = next((profile for profile in fitting if wish.by_content(profile)), None)
        return FieldGuess(target, found.name, "unsure", f"by its contents alone: {wish.shown(found)}") if found else None
    named = [(wish.doubtful(profile), rank, profile) for profile in fitting if (rank := _rank(name_words(profile.name), wish)) is not None]
    if not named:
        return None
    is_doubtful, rank, best = min(named, key=lambda one: one[:2])
    sureness: Sureness = "unsure" if is_doubtful else "sure" if rank < len(wish.names) and wish.by_content(best) else "likely"
    return FieldGuess(target, best.name, sureness, f"by its name; {wish.shown(best)}")


def _rank(words: tuple[str, ...], wish: Wish) -> int | None:
    """Smaller is better; from ``len(wish.names)`` on it is only a word of the name that fits."""
    whole = " ".join(words)
    if whole in wish.names:
        return wish.names.index(whole)
    return len(wish.names) + len(words) if wish.words.intersection(words) else None


def completed_at(profiles: Mapping[str, ColumnProfile]) -> str | None:
    """A column of the day on which a task was done: where there is no status, a filled cell means that it is."""
    words = frozenset({"completed", "closed", "done", "finished", "completion"})
    dated = (profile.name for profile in profiles.values() if profile.formats and words.intersection(name_words(profile.name)))
    return next(dated, None)
