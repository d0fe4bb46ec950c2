"""Who gives a file that is no NDJSON is told which line keeps it from being some."""

from __future__ import annotations

import pytest

from etl.errors import SourceError


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("not json", "line 3 is no JSON object (Expecting value, column 1): not json"),
        ('{"Id": "2", "n": NaN}', "line 3 is no JSON object (NaN is no JSON: write null)"),
        ('{"Id": "2", "n": 1,}', "line 3 is no JSON object ("),
        ('["2"]', 'line 3 is no JSON object: ["2"]'),
        ('{"Id": "2", "tags": {"a": 1}}', "line 3: 'tags' is an object there, and a list in line 1"),
        ('{"Id": "2", "owner": {"ids": {"a": 1}}}', "line 3: 'owner.ids' is an object there, and a list in line 1"),
    ],
)
def test_the_line_is_named_with_what_is_wrong_with_it(shop, line, told):
    good = '{"Id": "1", "tags": ["a"], "owner": {"ids": ["1"]}}'
    with pytest.raises(SourceError) as caught:
        shop.open_text(f"\ufeff{good}\n\n{line}\n{good}\n", name="tasks.ndjson")
    assert told in caught.value.message
    assert caught.value.next_step == "correct the line, or export the file again"
