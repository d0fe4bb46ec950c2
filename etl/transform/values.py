"""What does a word of the source mean? Translations that the config or a side file gives."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

WORD = "word"
RESULT = "result"

_LONG = 5_000
"""Words; from here on a table is searched and not hashed."""


def fold(text: pl.Expr) -> pl.Expr:
    """The form in which words are compared: trimmed, lower-case, ``_`` and ``-`` as blanks, runs of blanks as one.

    Lower-case is polars' own (Unicode's simple and special mappings), not Python's ``casefold``: ``ß`` is not ``ss``.
    """
    return text.str.strip_chars().str.to_lowercase().str.replace_all(r"[\s_\-]+", " ")


@dataclass(frozen=True, slots=True, eq=False)
class Translation:
    """One step of a ``values`` chain: a word as written wins over its folded form.

    Folded forms that stand for different results are left out: only the words as written tell those apart
    (Salesforce's 15-character ids differ in case alone).
    """

    written: pl.Series
    written_results: pl.Series
    folded: pl.Series
    folded_results: pl.Series

    def apply(self, text: pl.Expr) -> pl.Expr:
        """The word's translation; a word that is not named stays as it is."""
        exact = replace(text, self.written, self.written_results)
        loose = replace(fold(text), self.folded, self.folded_results)
        return pl.coalesce(exact, loose, text)


def replace(text: pl.Expr, old: pl.Series, new: pl.Series) -> pl.Expr:
    """``new`` where the text is in ``old``, else null. A long ``old`` should be sorted, and flagged so."""
    if old.is_empty():
        return pl.lit(None, dtype=pl.String)
    if len(old) > _LONG and old.flags["SORTED_ASC"]:
        # A long table is hashed anew for each batch by replace_strict: twenty times the price of searching it.
        return text.map_batches(lambda texts: _searched(texts, old, new), return_dtype=pl.String)
    return text.replace_strict(old, new, default=None, return_dtype=pl.String)


def build_translation(entries: Mapping[str, str]) -> Translation:
    """From words (trimmed here) to their results; an empty result empties the field."""
    return _translation(tuple(entries.items()))


@functools.lru_cache(maxsize=256)
def _translation(entries: tuple[tuple[str, str], ...]) -> Translation:
    """Built once for each file of an input, each pass and each field that uses the same words."""
    written = {word.strip(): result.strip() for word, result in entries}
    return translation_of(pl.DataFrame({WORD: _texts(written.keys()), RESULT: _texts(written.values())}))


def translation_of(pairs: pl.DataFrame) -> Translation:
    """The translation of WORD to RESULT (String, trimmed, each word once)."""
    by_fold = pairs.lazy().select(fold(pl.col(WORD)).alias(WORD), RESULT).group_by(WORD)
    folded = by_fold.agg(pl.col(RESULT).first(), pl.col(RESULT).n_unique().alias("meanings")).filter(pl.col("meanings") == 1)
    written, loose = pairs.sort(WORD), folded.sort(WORD).collect()
    return Translation(written[WORD], written[RESULT], loose[WORD], loose[RESULT])


def _searched(texts: pl.Series, old: pl.Series, new: pl.Series) -> pl.Series:
    place = old.search_sorted(texts.fill_null("")).clip(0, len(old) - 1)
    found = pl.DataFrame({"text": texts, "old": old.gather(place), "new": new.gather(place)})
    return found.select(pl.when(pl.col("text") == pl.col("old")).then("new")).to_series().alias(texts.name)


def _texts(words: object) -> pl.Series:
    return pl.Series(list(words), dtype=pl.String)  # type: ignore[call-overload]


def translate_words(words: Sequence[str], chain: Sequence[Translation]) -> list[str]:
    """The chain's results for words in hand, in their order."""
    frame = pl.Series("word", list(words), dtype=pl.String).to_frame()
    for step in chain:
        frame = frame.select(step.apply(pl.col("word")).alias("word"))
    return frame.to_series().to_list()
