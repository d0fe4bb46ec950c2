"""Is delimited text quoted as it should be, so that nothing has to be guessed?"""

from __future__ import annotations

import re

MOST_COUNTED_FIELDS = 900
"""Beyond this width the grammar leaves the fields uncounted: it would not compile within the regex engine's size limit."""


def grammar(delimiter: str, max_fields: int) -> str:
    """A regular expression of whole records, each ended by LF or CRLF, of at most ``max_fields`` fields.

    A field is quoted from its first to its last character, with doubled quotes within, or holds no quote, no CR and no LF at all.
    What matches is read alike by every CSV reader; a stray quote or a CR alone is not, and is left to ``rewrite``.
    """
    mark = re.escape(delimiter)
    field = rf'(?:"(?:[^"]|"")*"|[^"{mark}\r\n]*)'
    more = f"{{0,{max_fields - 1}}}" if max_fields <= MOST_COUNTED_FIELDS else "*"
    return rf"\A(?:{field}(?:{mark}{field}){more}\r?\n)*\z"


def last_opening_quote(text: str, delimiter: str) -> int | None:
    """Where the last quoted field of a text opens, counted in characters; None when no field is quoted."""
    mark = re.escape(delimiter)
    field = re.compile(rf'(?P<quoted>"(?:[^"]++|"")*+(?:"|\Z)[^{mark}\r\n]*)|[^{mark}\r\n]*')
    opening, position = None, 0
    while position <= len(text):
        found = field.match(text, position)
        if found is None:
            break
        if found.group("quoted") is not None:
            opening = position
        position = found.end() + 1
    return opening
