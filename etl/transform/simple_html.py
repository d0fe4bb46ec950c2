"""HTML of the simple kind that CRMs' editors write, to markdown without a parser: all cells at once.

A cell is simple where the outcome leaves no doubt: paragraphs, divisions, lists, emphasis and links, properly closed, with single blanks
in their text, none at an edge, on one line. What it becomes is what ``html.html_to_markdown`` makes of it, a hundred times as fast.
"""

from __future__ import annotations

from html import unescape

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
_FIRST = "\x80"
_OPENING = {name: chr(ord(_FIRST) + place) for place, name in enumerate(_NAMES)}
_CLOSING = {name: chr(ord(_FIRST) + len(_NAMES) + place) for place, name in enumerate(_NAMES)}
_BREAK = chr(ord(_FIRST) + 2 * len(_NAMES))
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
_FEW_ITEMS = 20
"""Items of a list that are numbered one after the other, each in all cells at once."""


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


def simple_to_markdown(cells: pl.Series) -> pl.Series:
    """Markdown of the String cells that are simple HTML, null for all others."""
    marked = _marked(cells)
    is_simple = marked.to_frame("marked").select(_boiled(pl.col("marked")).str.contains(_SIMPLE)).to_series()
    places = (is_simple & _may_be_simple(cells)).arg_true()
    numbered = _numbered(marked.gather(places)).to_frame("numbered").select(_spelled(pl.col("numbered")))
    return pl.repeat(None, cells.len(), dtype=pl.String, eager=True).scatter(places, numbered.to_series())


def _marked(cells: pl.Series) -> pl.Series:
    """Links as markdown, every other tag as its control character."""
    linked = _where(cells, "<a ", pl.col("cell").str.replace_all(_LINK, "[${2}](${1})"))
    bare = _where(linked, '="', pl.col("cell").str.replace_all(_TAG_WITH_ATTRIBUTES, "<${1}>"))
    return bare.str.replace_many(list(_TAGS), list(_TAGS.values()))


def _where(cells: pl.Series, sign: str, changed: pl.Expr) -> pl.Series:
    """The cells, those that hold the sign ``changed`` (over ``cell``): one text is found ten times as fast as an expression."""
    places = cells.str.contains(sign, literal=True).arg_true()
    if places.is_empty():
        return cells
    return cells.clone().scatter(places, cells.gather(places).to_frame("cell").select(changed).to_series())


def _may_be_simple(cells: pl.Series) -> pl.Series:
    """They have a tag, no blanks in a row, and none of the characters that stand for tags; other control characters are no words."""
    may = cells.str.contains("<", literal=True) & ~cells.str.contains("  ", literal=True)
    # A text that is ASCII, as most are, has none of those characters.
    places = (cells.str.len_bytes() != cells.str.len_chars()).arg_true()
    return may.scatter(places, may.gather(places) & ~cells.gather(places).str.contains(f"[{_FIRST}-{_BREAK}]"))


def _boiled(marked: pl.Expr) -> pl.Expr:
    boiled = marked.str.replace_all(_WORDS, _LETTER)
    for _ in range(_DEEPEST):
        boiled = boiled.str.replace_all(_MARKED, _LETTER)
    return boiled


def _spelled(marked: pl.Expr) -> pl.Expr:
    spelled = marked.str.replace_many(list(_MARKDOWN), list(_MARKDOWN.values()))
    return spelled.str.replace_all(_BETWEEN, _PARAGRAPH).str.strip_chars()


def _numbered(cells: pl.Series) -> pl.Series:
    """The items of ordered lists with their numbers."""
    places = cells.str.contains(_OPENING["ol"], literal=True).arg_true()
    lists = cells.gather(places)
    short = _is_short_list(lists)
    numbered = cells.clone().scatter(places.filter(short), _number_short_lists(lists.filter(short)))
    return numbered.scatter(places.filter(~short), pl.Series(map(_number_items, lists.filter(~short).to_list()), dtype=pl.String))


def _is_short_list(cells: pl.Series) -> pl.Series:
    """Is it the only list of its cell, and has it few items?"""
    ordered, items = (cells.str.count_matches(_OPENING[name], literal=True) for name in ("ol", "li"))
    return (ordered == 1) & ~cells.str.contains(_OPENING["ul"], literal=True) & (items <= _FEW_ITEMS)


def _number_short_lists(cells: pl.Series) -> pl.Series:
    """All first items, then all second ones: no cell by itself."""
    places = pl.int_range(cells.len(), eager=True)
    for number in range(1, _FEW_ITEMS + 1):
        places = places.filter(cells.gather(places).str.contains(_OPENING["li"], literal=True))
        if places.is_empty():
            break
        cells = cells.scatter(places, cells.gather(places).str.replace(_OPENING["li"], f"{number}. ", literal=True))
    return cells


def _number_items(cell: str) -> str:
    before, *lists = cell.split(_OPENING["ol"])
    return before + "".join(map(_number_list, lists))


def _number_list(begun: str) -> str:
    items, _, behind = begun.partition(_CLOSING["ol"])
    numbered = "".join(f"{number}. {item}" for number, item in enumerate(items.split(_OPENING["li"])[1:], 1))
    return f"{_OPENING['ol']}{numbered}{_CLOSING['ol']}{behind}"
