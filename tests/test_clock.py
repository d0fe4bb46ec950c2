"""Does the clock that leases and keys are timed by go on while the machine sleeps?"""

from __future__ import annotations

import time

import pytest

from etl.clock import never_asleep


@pytest.mark.parametrize(("platform", "name"), [("linux", "CLOCK_BOOTTIME"), ("darwin", "CLOCK_MONOTONIC_RAW")])
def test_each_system_is_asked_for_the_clock_that_counts_sleep(platform, name):
    assert never_asleep(platform) == getattr(time, name, None)
    assert never_asleep(platform) != time.CLOCK_MONOTONIC
