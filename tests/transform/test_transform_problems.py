"""Every code that a row can be refused with is explained."""

from __future__ import annotations

from etl.transform import problems


def test_each_code_has_a_meaning_and_a_remedy():
    codes = {value for name, value in vars(problems).items() if name.isupper() and isinstance(value, str)}
    assert codes == {*problems.CODES, *problems.REMARKS}
    assert all(
        entry.meaning.endswith(".") and entry.remedy.endswith(".") for entry in (*problems.CODES.values(), *problems.REMARKS.values())
    )


def test_what_unknown_decides_about_has_words_for_a_note():
    assert set(problems.NOTE_WORDS) == set(problems.RESOLVABLE)
