"""When is a key surely known, and when surely forgotten?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from etl.key_window import KEY_STANDS, KEY_WINDOW, KEYS_FORGOTTEN_AFTER
from etl.plan.doubt import Remedy, remedy

SENT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_a_key_is_sent_again_only_well_before_its_end_and_counts_as_forgotten_only_well_after_it():
    least = timedelta(minutes=30)
    assert KEY_WINDOW + least < KEY_STANDS < KEYS_FORGOTTEN_AFTER - least


@pytest.mark.parametrize(
    ("age", "expected"),
    [(timedelta(0), Remedy.SEND_AGAIN), (KEY_WINDOW - timedelta(seconds=1), Remedy.SEND_AGAIN), (KEY_WINDOW, Remedy.LOOK)],
)
def test_within_the_window_a_request_is_sent_again_and_from_its_end_on_its_task_is_looked_for(age, expected):
    assert remedy(SENT, SENT + age) is expected
