"""Guards, the question's threshold, and what is done about an intent in doubt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from etl.config.amounts import CountOrShare
from etl.config.model import GuardsConfig
from etl.plan.doubt import Remedy, remedy
from etl.plan.estimate import broken_counts, broken_rows, load_seconds, many_rejected

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("guards", "counts", "told"),
    [
        ({"min_rows": 3}, {"create": 2}, "at least 3"),
        ({"min_rows": 2}, {"create": 1, "excluded": 1}, None),
        ({"rows": 8123}, {"create": 8122}, "exactly 8,123"),
        ({"rows": 2}, {"create": 1, "rejected": 1}, None),
        ({"max_rejected": "5%"}, {"create": 94, "rejected": 6}, "at most 5%"),
        ({"max_rejected": "5%"}, {"create": 95, "rejected": 5}, None),
        ({"max_rejected": "5%"}, {"create": 90, "rejected": 5, "excluded": 500}, "5 of 95"),
        ({"max_rejected": 0}, {"create": 90, "rejected": 1}, "at most 0"),
        ({}, {}, None),
    ],
)
def test_a_guard_that_is_not_met_says_what_was_found_and_what_is_expected(guards: dict, counts: dict, told: str | None) -> None:
    held = GuardsConfig(**guards)
    broken = [*broken_rows(held, sum(counts.values())), *broken_counts(held, counts)]
    assert [told in each.sentence for each in broken] == ([True] if told else [])
    assert [each.guard for each in broken] == (list(guards) if told else [])


def test_a_share_of_nothing_is_never_exceeded() -> None:
    assert not CountOrShare(share=0.05).exceeded_by(0, 0)


def test_a_person_is_asked_when_more_than_one_row_in_twenty_would_be_rejected() -> None:
    assert many_rejected({"create": 90, "rejected": 10})
    assert not many_rejected({"create": 95, "rejected": 5})
    assert not many_rejected({})


def test_the_estimate_is_the_number_of_writes_over_the_limit() -> None:
    assert load_seconds(1500, 25) == 60


@pytest.mark.parametrize(
    ("age", "expected"),
    [(timedelta(0), Remedy.SEND_AGAIN), (timedelta(hours=22, minutes=59), Remedy.SEND_AGAIN), (timedelta(hours=23), Remedy.LOOK)],
)
def test_an_intent_is_sent_again_only_while_its_key_is_surely_remembered(age: timedelta, expected: Remedy) -> None:
    assert remedy(NOW - age, NOW) is expected
