"""Can text from a cell act on a terminal?"""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.report.shown import harmless, shortened


@settings(max_examples=200)
@given(st.text(st.characters(), max_size=30), st.booleans())
def test_nothing_that_acts_is_left_of_any_text(text, keep):
    for character in harmless(text, keep_newlines=keep):
        assert (
            character in {"\u200c", "\u200d"}
            or (keep and character == "\n")
            or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        )


@pytest.mark.parametrize("text", ["Zoë 日本語 👩\u200d💻", "", "plain", "क्\u200cष"])
def test_ordinary_text_of_any_script_is_as_it_was(text):
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "␛[2J"),
        ("a\nb\tc", "a⏎b c"),
        ("\x9b31m", "<U+009B>31m"),
        ("\x7f\0", "␡␀"),
        ("invoice\u202egpj.exe", "invoice<U+202E>gpj.exe"),
        ("\udc80", "<U+DC80>"),
    ],
)
def test_what_acts_is_seen(text, shown):
    assert harmless(text) == shown


def test_a_long_cell_is_cut_with_a_mark():
    assert shortened("x" * 1_000_000, 10) == "xxxxxxxxx…"
    assert shortened("x" * 10, 10) == "x" * 10
