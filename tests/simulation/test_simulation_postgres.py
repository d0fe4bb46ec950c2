"""The promise on a PostgreSQL server: some of the same schedules, with the server's own transactions, sessions and locks.

The server's clock is the schedule's. More of them: ``python tests/simulation/many.py --ledger postgres --seeds 1000``.
"""

from __future__ import annotations

import many
import pytest

SEEDS = range(9, 17)
MET = ("deaths", "second processes", "turned away by the lock", "overtaken while paused")


@pytest.mark.timeout(300)
def test_the_promise_is_kept_on_a_server(postgres_server):
    reports = many.play_some(SEEDS, server=postgres_server)
    failed = [many.told(report, server=postgres_server) for report in reports if report.faults]
    assert not failed, "\n".join(failed)
    assert [what for what in MET if not any(report.figures[what] for report in reports)] == []
