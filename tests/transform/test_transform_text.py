"""Templates, HTML and words."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.transform.html import cells_to_markdown, html_to_markdown
from etl.transform.text import Literal, Placeholder, parse_template
from etl.transform.values import build_translation, fold, translate_words


def test_a_template_knows_columns_and_doubled_braces_and_nothing_else():
    assert parse_template("{{a}} {B c}!") == (Literal("{"), Literal("a"), Literal("}"), Literal(" "), Placeholder("B c"), Literal("!"))
    assert parse_template("{0.__class__!r}") == (Placeholder("0.__class__!r"),)


@pytest.mark.parametrize("template", ["{", "a}", "{}", "{ }", "{a{b}}", "{{{"])
def test_a_brace_that_names_no_column_is_refused(template):
    with pytest.raises(ValueError, match="brace"):
        parse_template(template)


@pytest.mark.parametrize(
    ("cell", "markdown"),
    [
        ("<p>Call <b>Sam</b></p><p>Today</p>", "Call **Sam**\n\nToday"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ("R&amp;D\n&lt;b&gt;", "R&D\n<b>"),
        ('<a href="https://x.com/a_b">a_b</a>', "[a_b](https://x.com/a_b)"),
        ("<b>one</b>\ntwo", "**one**  \ntwo"),
        ("<p>mail <sam@acme.com> if 1 < 2</p>", "mail <sam@acme.com> if 1 < 2"),
        ("<style>p {}</style><p>x</p><script>bad()</script>", "x"),
        ("<div>" * 3000 + "deep" + "</div>" * 3000, None),
        ("<p>x</p><![foo", None),
    ],
)
def test_html_becomes_markdown(cell, markdown):
    """None: no parser can be trusted with it, so all that counts is that its text survives."""
    found = html_to_markdown(cell)
    assert found == markdown if markdown is not None else ("deep" in found or "x" in found)


@pytest.mark.parametrize("cell", ["plain\n\n text", "1 < 2 & 3 > 2", "<sam@acme.com> wrote", "a <not a tag>", "AT&T; x", "x &amp y"])
def test_a_cell_without_tag_or_entity_stays_as_it_is(cell):
    assert cells_to_markdown(pl.Series([cell, None])).to_list() == [cell if ";" not in cell else "AT&T; x", None]


@given(st.lists(st.none() | st.text(st.sampled_from("<>/abp &;!-\n\"'=#x1"), max_size=40), max_size=6))
@settings(max_examples=80)
def test_no_markup_breaks_the_conversion(cells):
    assert cells_to_markdown(pl.Series(cells, dtype=pl.String)).len() == len(cells)


def test_words_are_compared_lower_case_with_separators_as_single_blanks():
    words = pl.DataFrame({"word": [" Not_Started ", "NOT--started", "-1", "1"]})
    assert words.select(fold(pl.col("word"))).to_series().to_list() == ["not started", "not started", " 1", "1"]


def test_a_chain_passes_on_what_a_step_does_not_name():
    chain = [build_translation({"a": "b", "x": ""}), build_translation({"B": "c"})]
    assert translate_words(["A", "b", "q", "x"], chain) == ["c", "c", "q", ""]
