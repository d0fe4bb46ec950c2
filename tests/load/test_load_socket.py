"""Over a real socket, in real time: does every row become one task?"""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from etl.records import Action
from etl.sandbox.app import Sandbox
from etl.sandbox.faults import Faults
from etl.sandbox.limits import Category, Limits
from etl.sandbox.server import ServerThread
from etl.sandbox.workspace import Workspace

ROWS = 300


@pytest.fixture
def fast_sandbox():
    return Sandbox(Workspace.sample(), limits=Limits(2000, 2000, 2000))


def test_hundreds_of_rows_at_a_raised_limit_are_one_task_each_without_a_429(rig_at, fast_sandbox, make_operation):
    with ServerThread(fast_sandbox) as server:
        used = rig_at(server.url)
        asyncio.run(used.send_all(make_operation(number) for number in range(ROWS)))
    assert Counter(outcome.action for outcome in used.outcomes) == {Action.CREATED: ROWS}
    assert len(fast_sandbox.tasks) == ROWS
    assert fast_sandbox.throttled[Category.WRITE] == 0
    assert fast_sandbox.crashes == []


def test_answers_that_are_lost_after_the_commit_make_no_second_task(rig_at, fast_sandbox, make_operation):
    fast_sandbox.set_faults(Faults(lost_after_commit=0.05, truncated=0.05))
    with ServerThread(fast_sandbox) as server:
        used = rig_at(server.url)
        asyncio.run(used.send_all(make_operation(number) for number in range(ROWS)))
    assert Counter(outcome.action for outcome in used.outcomes) == {Action.CREATED: ROWS}
    assert len(fast_sandbox.tasks) == ROWS
    assert used.means.stats.retries > 0
