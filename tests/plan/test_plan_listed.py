"""What the list showed of a task, and of nothing else, in little memory."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from etl.plan.listed import AskedTasks, ListedTasks

ids = st.sampled_from([f"tsk_{number}" for number in range(8)])


def listed(*batches):
    asked = AskedTasks()
    for batch in batches:
        asked.add(pl.Series(batch, dtype=pl.String))
    return ListedTasks(asked.close())


@given(st.lists(ids), st.lists(st.tuples(ids, st.sampled_from([0, 1, 2**64 - 1]))))
def test_a_task_is_shown_when_it_was_asked_for_and_listed_with_one_meaning(asked, seen):
    tasks = listed(asked[:3], [*asked[3:], None])
    tasks.see(seen[:2])
    tasks.see(seen[2:])
    meanings = {task_id: {digest for other, digest in seen if other == task_id} for task_id in asked}
    wanted = [*asked, "tsk_unknown"]
    expected = [next(iter(meanings[each])) if len(meanings.get(each, ())) == 1 else None for each in wanted]
    assert tasks.shown(wanted) == expected


def test_nobody_asked_and_nothing_listed():
    assert listed().shown([]) == []
    assert listed().shown(["tsk_1"]) == [None]
