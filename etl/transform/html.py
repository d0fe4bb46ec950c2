"""HTML cells to markdown; cells without a tag or an entity stay as they are."""

from __future__ import annotations

import html
import re
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from etl.transform.simple_html import simple_to_markdown
from etl.transform.text import trim

if TYPE_CHECKING:
    # A parser that takes a tenth of a second to import, for cells that few files have.
    from markdownify import MarkdownConverter

# Alternatives of a regular expression.
_BLOCK = (
    "address|article|aside|blockquote|body|br|center|dd|details|dialog|div|dl|dt|fieldset|figcaption|figure|footer|form|h1|h2|h3|h4|h5|h6|"
    "head|header|hr|html|li|main|menu|nav|ol|p|pre|section|summary|table|tbody|td|tfoot|th|thead|tr|ul"
)
_INLINE = (
    "a|abbr|acronym|area|audio|b|base|bdi|bdo|big|button|canvas|caption|cite|code|col|colgroup|data|datalist|del|dfn|em|embed|font|i|iframe|"
    "img|input|ins|kbd|label|legend|link|map|mark|meta|meter|noscript|object|optgroup|option|output|param|picture|progress|q|s|samp|script|"
    "select|slot|small|source|span|strike|strong|style|sub|sup|svg|template|textarea|time|title|track|tt|u|var|video|wbr"
)


def _tags(names: str) -> str:
    return rf"</?(?:{names})(?:\s[^<>]*)?/?>"


# Only names that HTML has: a parser would drop `<sam@acme.com>`, which is text.
_KNOWN_TAG = _tags(f"{_BLOCK}|{_INLINE}")
_TAG = rf"(?i){_KNOWN_TAG}|<!--|<!doctype"
_ENTITY = r"(?i)&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});"
_HAS_TAG = re.compile(_TAG)
_HAS_BLOCK = re.compile(rf"(?i){_tags(_BLOCK)}")
_NOT_A_TAG = re.compile(rf"(?i)<(?!{_KNOWN_TAG[1:]}|!--|!doctype)")
_SILENT = re.compile(r"(?is)<(script|style|title)\b.*?(?:</\1\s*>|$)")
_GAP = re.compile(r"\n{3,}")


def cells_to_markdown(cells: pl.Series) -> pl.Series:
    """The same String cells, those that hold a tag or an entity turned into markdown, which is trimmed; null where that is empty."""
    # Searching for one character is ten times faster than the expressions, and nearly always enough.
    suspects = (cells.str.contains("<", literal=True) | cells.str.contains("&", literal=True)).arg_true()
    suspicious = cells.gather(suspects)
    places = suspects.filter(suspicious.str.contains(_TAG) | suspicious.str.contains(_ENTITY))
    if places.is_empty():
        return cells
    found = cells.gather(places)
    converted = simple_to_markdown(found)
    unusual = converted.is_null().arg_true()
    parsed = [html_to_markdown(cell) for cell in found.gather(unusual).to_list()]
    converted = converted.scatter(unusual, pl.Series(parsed, dtype=pl.String))
    return cells.clone().scatter(places, converted.to_frame("cell").select(trim(pl.col("cell"))).to_series())


def html_to_markdown(cell: str) -> str:
    """Markdown of a cell that holds a tag; of one that holds entities only, its text.

    Line breaks of a cell without block tags mean something, so they are kept. A cell that no parser takes stays as it is.
    """
    if not _HAS_TAG.search(cell):
        return html.unescape(cell)
    markup = _NOT_A_TAG.sub("&lt;", _SILENT.sub("", cell))
    if not _HAS_BLOCK.search(markup):
        markup = re.sub(r"\r\n|\r|\n", "<br>\n", markup)
    from bs4 import BeautifulSoup
    from bs4.exceptions import ParserRejectedMarkup

    try:
        # The wrapper keeps the parser from warning that a cell looks like an address or a file name.
        markdown = _converter().convert_soup(BeautifulSoup(f"<div>{markup}</div>", "html.parser"))
    except (ParserRejectedMarkup, RecursionError):
        return cell
    return _GAP.sub("\n\n", markdown).strip()


@cache
def _converter() -> MarkdownConverter:
    from markdownify import ATX, MarkdownConverter

    # Underscores stay: an escaped one breaks every address that holds one, and inside a word it means nothing in markdown.
    return MarkdownConverter(heading_style=ATX, bullets="-", escape_underscores=False)
