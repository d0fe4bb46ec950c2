"""What opens an address is never shown."""

from __future__ import annotations

import pytest

from etl.config.addresses import shown_argument


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("https://files.example/tasks.csv?sig=secret", "https://files.example/tasks.csv?…"),
        ("postgresql://ops:secret@db.example/etl", "postgresql://db.example/etl"),
        ("--ledger=postgresql://ops:secret@db.example/etl?password=secret", "--ledger=postgresql://db.example/etl?…"),
        ("--out=results", "--out=results"),
        ("exports/a=b.csv", "exports/a=b.csv"),
        ("--yes", "--yes"),
    ],
)
def test_a_word_of_a_command_line_is_shown_without_its_secrets(typed, shown):
    assert shown_argument(typed) == shown
