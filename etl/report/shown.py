"""How is text from a cell shown so that it cannot act on a terminal or mislead the eye?"""

from __future__ import annotations

import unicodedata

_NEWLINE_MARK = "⏎"
_CUT_MARK = "…"
_DELETE = 0x7F
_PICTURES = 0x2400
_PICTURE_OF_DELETE = "\u2421"
# Cc: control characters, among them ESC; Cf: bidirectional overrides and the like; Cs: halves of surrogate pairs, which no stream takes;
# Zl, Zp: line and paragraph separators.
_ACTING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# They join emoji and the letters of Arabic and Indic scripts; alone among format characters they change nothing but the glyph.
_JOINERS = frozenset({"\u200c", "\u200d"})


def harmless(text: str, *, keep_newlines: bool = False) -> str:
    """The text with every character that acts replaced by one that is seen.

    Args:
        text: From a cell, an answer or anywhere else.
        keep_newlines: For sentences of ours with several lines; otherwise the text stays on one line.
    """
    if text.isprintable() or (keep_newlines and text.replace("\n", "").isprintable()):
        return text
    return "".join(_seen(character, keep_newlines=keep_newlines) for character in text)


def shortened(text: str, characters: int) -> str:
    """``harmless`` on one line, cut to a number of characters."""
    # Cut before each character is looked at: a cell may hold a megabyte.
    shown = harmless(text[: characters + 1].replace("\r\n", "\n"))
    return shown if len(text) <= characters else shown[: characters - 1].rstrip() + _CUT_MARK


def _seen(character: str, *, keep_newlines: bool) -> str:
    if character == "\n":
        return "\n" if keep_newlines else _NEWLINE_MARK
    if character == "\t":
        return " "
    if character in _JOINERS or unicodedata.category(character) not in _ACTING:
        return character
    code = ord(character)
    if code < ord(" "):
        return chr(_PICTURES + code)
    return _PICTURE_OF_DELETE if code == _DELETE else f"<U+{code:04X}>"
