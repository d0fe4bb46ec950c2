"""Simple HTML becomes what a parser would make of it."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.transform.html import html_to_markdown
from etl.transform.simple_html import simple_to_markdown

_WORDS = st.sampled_from(
    [
        *(
            "a",
            "b c",
            "x",
            "*",
            "**k*",
            "_u_",
            "1.",
            "- d",
            "#",
            "[y](z)",
            "é",
            "💡",
            " ",
            "  ",
            "\N{NO-BREAK SPACE}",
            "\u3000",
            "\x85",
            "\t",
            "\n",
        ),
        *("&nbsp;", "&amp;lt;", "&", "&foo;", ">", "&gt;", "&#8211;", "https://a.b", '"', "\\"),
    ]
)
_ATTRIBUTES = st.sampled_from(
    ["", "", "", ' style="margin:0;"', ' dir="auto" data-top-level="true"', ' title="t"', ' start="3"', " class='x'"]
)
_ADDRESSES = st.sampled_from(["https://x.y/z?a=1&amp;b=2", "mailto:a@b.c", "https://a.b", "relative", "https://x.y/*", ""])
_BREAKS = st.sampled_from(["<br>", "<br/>", "<br />"])


def _tagged(names, inner):
    return st.builds(lambda name, attributes, text: f"<{name}{attributes}>{text}</{name}>", st.sampled_from(names), _ATTRIBUTES, inner)


def _joined(pieces, most):
    return st.lists(pieces, max_size=most).map("".join)


_TEXT = _joined(_WORDS, 3)
_LINK = st.builds(lambda address, attributes, text: f'<a href="{address}"{attributes}>{text}</a>', _ADDRESSES, _ATTRIBUTES, _TEXT)
_MARKS = ["strong", "b", "em", "i", "u", "span", "code"]
_INLINE = st.recursive(_TEXT | _LINK, lambda inner: _tagged(_MARKS, _joined(inner, 2)), max_leaves=4)
_LINES = _joined(_INLINE | _BREAKS, 3)
_LISTS = _tagged(["ul", "ol"], _joined(_tagged(["li"], _INLINE), 3))
_BLOCKS = st.recursive(_tagged(["p", "div"], _LINES) | _LISTS | _INLINE, lambda inner: _tagged(["div"], _joined(inner, 3)), max_leaves=4)


@given(st.lists(_joined(_BLOCKS, 3), max_size=8))
@settings(max_examples=40)
def test_what_is_simple_becomes_what_a_parser_makes_of_it(cells):
    found = simple_to_markdown(pl.Series(cells, dtype=pl.String)).to_list()
    assert [markdown for markdown in found if markdown is not None] == [
        html_to_markdown(cell) for cell, markdown in zip(cells, found, strict=True) if markdown is not None
    ]


@pytest.mark.parametrize(
    ("cell", "markdown"),
    [
        ("<p>Call <strong>Sam <em>now</em></strong></p><p><br></p><p>Today&nbsp;*</p>", "Call **Sam *now***\n\nToday\xa0\\*"),
        ('<div style="" data-top-level="true"><p style="margin:0;">one<br>two<br></p><ul><li>x</li></ul></div>', "one  \ntwo\n\n- x"),
        (
            "Objections:<ol><li>price &gt; budget</li><li>no <b>SSO</b></li></ol>soon",
            "Objections:\n\n1. price > budget\n2. no **SSO**\n\nsoon",
        ),
        ('<p><a href="https://x.com/?a=1&amp;b=2" target="_blank">the offer</a></p>', "[the offer](https://x.com/?a=1&b=2)"),
    ],
)
def test_what_editors_write_is_simple(cell, markdown):
    assert simple_to_markdown(pl.Series([cell])).to_list() == [markdown] == [html_to_markdown(cell)]


@pytest.mark.parametrize(
    "cell", ["text", "R&amp;D", "1 < 2", "<p>a\nb</p>", "<p>a", "<b>a</p>", "<p> a</p>", "<code>x</code>", "<p>a  b</p>", "<P>a</P>"]
)
def test_what_leaves_a_doubt_is_left_to_the_parser(cell):
    assert simple_to_markdown(pl.Series([cell, None])).to_list() == [None, None]
