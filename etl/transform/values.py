"""What does a word of the source mean? Translations that the config or a side file gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl


def fold(text: pl.Expr) -> pl.Expr:
    """The form in which words are compared: trimmed, lower-case, ``_`` and ``-`` as blanks, runs of blanks as one.

    Lower-case is polars' own (Unicode's simple and special mappings), not Python's ``casefold``: ``ß`` is not ``ss``.
    """
    return text.str.strip_chars().str.to_lowercase().str.replace_all(r"[\s_\-]+", " ")


def fold_words(words: Sequence[str]) -> list[str]:
    """``fold`` for words in hand."""
    return pl.Series("word", list(words), dtype=pl.String).to_frame().select(fold(pl.col("word"))).to_series().to_list()


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
    """``new`` where the text is in ``old``, else null."""
    if old.is_empty():
        return pl.lit(None, dtype=pl.String)
    return text.replace_strict(old, new, default=None, return_dtype=pl.String)


def build_translation(entries: Mapping[str, str]) -> Translation:
    """From words (trimmed here) to their results; an empty result empties the field."""
    written = {word.strip(): result.strip() for word, result in entries.items()}
    meanings: dict[str, set[str]] = {}
    for word, result in zip(fold_words(list(written)), written.values(), strict=True):
        meanings.setdefault(word, set()).add(result)
    folded = {word: next(iter(results)) for word, results in meanings.items() if len(results) == 1}
    return Translation(_texts(written.keys()), _texts(written.values()), _texts(folded.keys()), _texts(folded.values()))


def _texts(words: object) -> pl.Series:
    return pl.Series(list(words), dtype=pl.String)  # type: ignore[call-overload]


def translate_words(words: Sequence[str], chain: Sequence[Translation]) -> list[str]:
    """The chain's results for words in hand, in their order."""
    frame = pl.Series("word", list(words), dtype=pl.String).to_frame()
    for step in chain:
        frame = frame.select(step.apply(pl.col("word")).alias("word"))
    return frame.to_series().to_list()
