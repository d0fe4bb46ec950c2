"""What retry does about rows that are too old to be sent again: it looks for them, as run does, and loses none of them."""

from __future__ import annotations

from etl.ledger.store import open_ledger

LONG = {"hours": 25}


def lose(bench, rows, lost):
    """A run in which some creates got no answer; the value says whether they were executed."""
    bench.config()
    bench.rows(rows)
    bench.transport.lost = lost
    first = bench.job()
    bench.transport.lost = {}
    return first


def told(bench, summary):
    return {line["source_key"]: line["action"] for line in bench.results(summary)}


def waiting(bench):
    with open_ledger(str(bench.ledger), clock=bench.clock) as ledger:
        [workspace] = ledger.workspaces_with_rows("http://localhost", "jobs")
        return {state: rows for state, rows in ledger.open_import(workspace, "jobs").waiting().items() if rows}


def test_a_row_that_was_made_is_adopted_and_one_that_was_not_is_sent_anew(bench):
    lose(bench, ["A", "B", "C"], {"A": True, "B": False})
    bench.clock.jump(**LONG)
    again = bench.job("retry")
    assert (told(bench, again), again.exit_code) == ({"1": "adopted", "2": "created"}, 0)
    assert bench.titles() == ["A", "B", "C"]
    assert waiting(bench) == {}
    assert "2 rows too old for that: looked for among Lightfield's tasks" in bench.said.getvalue()


def test_a_row_that_could_be_an_edited_task_stays_and_its_link_is_told(bench):
    lose(bench, ["A", "B"], {"A": True})
    bench.edit("A", title="A, called twice")
    bench.clock.jump(**LONG)
    again = bench.job("retry")
    [line] = bench.results(again)
    assert (line["action"], again.exit_code) == ("uncertain", 1)
    assert bench.task("A, called twice").id in line["error_message"]
    assert (len(bench.sandbox.tasks), waiting(bench)) == (2, {"uncertain": 1})


def test_what_is_not_in_lightfield_is_never_gone_from_the_ledger(bench):
    """Its source may be gone: the ledger alone knows what the row says."""
    lose(bench, ["A", "B"], {"A": False})
    bench.clock.jump(**LONG)
    bench.transport.lost = {"A": False}
    assert told(bench, bench.job("retry")) == {"1": "uncertain"}
    bench.transport.lost = {}
    assert told(bench, bench.job("retry")) == {"1": "created"}
    assert bench.titles() == ["A", "B"]


def test_a_retry_of_one_run_tells_of_its_rows_alone(bench):
    lose(bench, ["A", "B"], {"A": True})
    bench.edit("A", title="A, called twice")
    bench.clock.jump(**LONG)
    second = lose(bench, ["A", "B", "New"], {"New": False})
    bench.clock.jump(**LONG)
    again = bench.job("retry", run=second.run_id)
    assert told(bench, again) == {"3": "created"}
    assert waiting(bench) == {"uncertain": 1}
