"""Does an SQL expression ask what time it is, or for chance? Then the same input would say another thing tomorrow."""

from __future__ import annotations

import re

_WORDS = "CURRENT_DATE CURRENT_TIMESTAMP CURRENT_TIME LOCALTIMESTAMP LOCALTIME"
_FUNCTIONS = "NOW TODAY CURDATE GETDATE RANDOM RAND UUID GEN_RANDOM_UUID"
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`(?:[^`]|``)*`|--[^\n]*|/\*.*?\*/", re.DOTALL)
_FICKLE = re.compile(rf"(?i)(?<![\w.])(?:(?:{_WORDS.replace(' ', '|')})(?!\w)|(?:{_FUNCTIONS.replace(' ', '|')})(?=\s*\())")


def fickle_word(sql: str) -> str | None:
    """The first word of an expression that stands for something else each time, such as ``CURRENT_DATE``; None where there is none.

    Quoted text, quoted column names and comments are not looked at.
    """
    found = _FICKLE.search(_QUOTED.sub(" ", sql))
    return found.group() if found else None


def fickle_fault(word: str) -> str:
    """What is wrong with an expression that holds the word."""
    return f"asks for {word}: the same rows would not be the same tasks tomorrow"


FICKLE_REMEDY = "write a fixed date such as '2026-01-31'"
"""What to write instead."""
