"""HTML of the simple kind that CRMs' editors write, to markdown without a parser: all cells at once.

A cell is simple where the outcome leaves no doubt: paragraphs, divisions, lists, emphasis and links, properly closed, with single blanks
in their text, none at an edge, on one line. What it becomes is what ``html.html_to_markdown`` makes of it, a hundred times as fast.
"""

from __future__ import annotations

import re
from html import unescape
from itertools import count

import polars as pl

_ENTITIES = (
    *("amp", "lt", "gt", "quot", "ndash", "mdash", "lsquo", "rsquo", "ldquo", "rdquo", "hellip", "bull", "euro"),
    *("#34", "#38", "#39", "#x27", "#60", "#62", "#8211", "#8212", "#8216", "#8217", "#8220", "#8221", "#8226", "#8230", "#8364"),
    *("auml", "ouml", "uuml", "Auml", "Ouml", "Uuml", "szlig", "agrave", "ccedil", "egrave", "ntilde"),
    *("aacute", "eacute", "iacute", "oacute", "uacute"),
)
_GAPS = ("&nbsp;", "&#160;", "\N{NO-BREAK SPACE}")
_BREAKS = ("<br>", "<br/>", "<br />")
_MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*", "u": "", "span": ""}
_NAMES = (*_MARKS, "p", "div", "ul", "ol", "li")

# Each tag is one control character while it is looked at; simple text has none.
_OPENING = {name: chr(0x80 + place) for place, name in enumerate(_NAMES)}
_CLOSING = {name: chr(0x80 + len(_NAMES) + place) for place, name in enumerate(_NAMES)}
_BREAK = chr(0x80 + 2 * len(_NAMES))
_TAGS = {
    **{f"<{name}>": mark for name, mark in _OPENING.items()},
    **{f"</{name}>": mark for name, mark in _CLOSING.items()},
    **dict.fromkeys(_BREAKS, _BREAK),
}
_PARAGRAPH = "\n\n"
_MARKDOWN = {
    **{tags[name]: mark for name, mark in _MARKS.items() for tags in (_OPENING, _CLOSING)},
    **{tags[name]: _PARAGRAPH for name in ("p", "div", "ul", "ol") for tags in (_OPENING, _CLOSING)},
    **{f"&{name};": unescape(f"&{name};") for name in _ENTITIES},
    **dict.fromkeys(_GAPS, "\N{NO-BREAK SPACE}"),
    _OPENING["li"]: "- ",
    _CLOSING["li"]: "\n",
    _BREAK: "  \n",
    "*": r"\*",
}

# Regular expressions of polars' engine, which takes time in proportion to the text, whatever they say.
_CONTROL = r"\x00-\x1f\x7f-\x9f"
_ENTITY = f"&(?:{'|'.join(_ENTITIES)});"
_GAP = f"(?: |{'|'.join(_GAPS)})"
_ATTRIBUTE = r'(?: (?:style|class|dir|id|lang|target|rel|role|data-[a-z-]+|aria-[a-z-]+)="[^"<>]*")'
_TAG_WITH_ATTRIBUTES = f"<({'|'.join((*_NAMES, 'br'))}){_ATTRIBUTE}+>"


def _words(character: str) -> str:
    return f"(?:{character}|{_ENTITY})+(?:{_GAP}+(?:{character}|{_ENTITY})+)*"


_WORDS = _words(rf"[^\s<>&{_CONTROL}]")
_ADDRESS = rf'(?:https?://|mailto:|tel:)(?:[^"<>&*\s{_CONTROL}]|&amp;)+'
# A link that shows its own address is written otherwise: here the text has no colon, as every address has.
_WORDS_OF_LINK = _words(rf"[^:\s<>&{_CONTROL}]")
_LINK = f'<a{_ATTRIBUTE}* href="({_ADDRESS})"{_ATTRIBUTE}*>({_WORDS_OF_LINK})</a>'

# A cell is boiled down until words, and what is marked, are one letter: only its paragraphs are left to be looked at.
_LETTER = "x"
_TEXT = f"{_LETTER}(?:{_GAP}*{_LETTER})*"
_MARKED = "|".join(f"{_OPENING[name]}{_TEXT}{_CLOSING[name]}" for name in _MARKS)
_DEEPEST = 3
"""Marks within marks are looked for so often."""


def _tagged(name: str, content: str) -> str:
    return f"{_OPENING[name]}{content}{_CLOSING[name]}"


def _simple() -> str:
    """A whole cell, boiled down: lines, or paragraphs and lists, or these in one division."""
    breaks = f"{_BREAK}*"
    lines = f"{_TEXT}(?:{_BREAK}+{_TEXT})*{breaks}"
    items = f"(?:{_tagged('li', _TEXT)})+"
    block = "|".join([_tagged("p", lines), _tagged("div", lines), _tagged("ul", items), _tagged("ol", items)])
    empty = "|".join([_tagged("p", breaks), _tagged("div", breaks)])
    # Text on both sides of an empty paragraph runs on: there they are not simple.
    blocks = f"(?:(?:{block}|{empty})*|(?:{_TEXT})?(?:(?:{block})(?:{_TEXT})?)*)"
    return rf"\A(?:{lines}|{breaks}|{blocks}|{_tagged('div', blocks)})\z"


_SIMPLE = _simple()
_BETWEEN = r"(?:  \n)*\n\n(?:(?:  )?\n)*"
"""What paragraphs leave between them: line breaks at their edges, and paragraphs of nothing else, vanish."""
_NUMBERED = re.compile(f"{_OPENING['ol']}.*?{_CLOSING['ol']}")


def simple_to_markdown(cells: pl.Series) -> pl.Series:
    """Markdown of the String cells that are simple HTML, null for all others."""
    marked = cells.str.replace_all(_LINK, "[${2}](${1})").str.replace_all(_TAG_WITH_ATTRIBUTES, "<${1}>")
    marked = marked.str.replace_many(list(_TAGS), list(_TAGS.values()))
    places = (_may_be_simple(cells) & _boiled(marked).str.contains(_SIMPLE)).arg_true()
    spelled = _numbered(marked.gather(places)).str.replace_many(list(_MARKDOWN), list(_MARKDOWN.values()))
    markdown = spelled.str.replace_all(_BETWEEN, _PARAGRAPH).str.strip_chars()
    return pl.repeat(None, cells.len(), dtype=pl.String, eager=True).scatter(places, markdown)


def _may_be_simple(cells: pl.Series) -> pl.Series:
    return cells.str.contains("<", literal=True) & ~cells.str.contains(f"  |[{_CONTROL}]")


def _boiled(marked: pl.Series) -> pl.Series:
    boiled = marked.str.replace_all(_WORDS, _LETTER)
    for _ in range(_DEEPEST):
        boiled = boiled.str.replace_all(_MARKED, _LETTER)
    return boiled


def _numbered(cells: pl.Series) -> pl.Series:
    places = cells.str.contains(_OPENING["ol"], literal=True).arg_true()
    numbered = [_NUMBERED.sub(_number_items, cell) for cell in cells.gather(places).to_list()]
    return cells.scatter(places, pl.Series(numbered, dtype=pl.String))


def _number_items(found: re.Match[str]) -> str:
    numbers = count(1)
    return re.sub(_OPENING["li"], lambda _: f"{next(numbers)}. ", found.group())
