"""Does ``retry`` send what is left, from the ledger alone, and nothing else?"""

from __future__ import annotations

from etl.config.amounts import CountOrShare
from etl.records import Action
from etl.report.summary import Summary
from etl.sandbox.faults import Faults


def counted(summary: Summary) -> dict[str, int]:
    return {action.value: rows for action, rows in summary.counts.items() if rows}


def make_failed(bench, *groups: range) -> Summary:
    """Rows that Lightfield refuses: their owner has left between the look-up and the write."""
    bench.rows(*groups)
    member = bench.sandbox.workspace.members.get("mem_acme_0")
    member.active = False
    summary = bench.job()
    member.active = True
    return summary


def gone(bench) -> None:
    (bench.folder / "tasks.csv").unlink()


def test_failed_rows_are_sent_again_though_their_source_is_gone(bench):
    failed = make_failed(bench, range(5))
    gone(bench)
    again = bench.job("retry")
    assert (counted(failed), failed.exit_code) == ({"failed": 5}, 1)
    assert (counted(again), again.exit_code, again.command) == ({"created": 5}, 0, "retry")
    bench.audit(range(5))


def test_the_reports_of_a_retry_name_rows_by_their_key(bench):
    make_failed(bench, range(2))
    again = bench.job("retry")
    lines = bench.results(again)
    assert sorted(line["source_key"] for line in lines) == ["0", "1"]
    assert {(line["row"], line["file"], line["action"]) for line in lines} == {("", "", "created")}
    assert "failures.csv" not in again.files
    assert (bench.folder / "results" / "latest").resolve().name == again.run_id


def test_a_second_retry_has_nothing_to_send(bench):
    make_failed(bench, range(3))
    bench.job("retry")
    posts = bench.posts()
    again = bench.job("retry")
    assert (counted(again), again.exit_code, bench.posts()) == ({}, 0, posts)
    assert "nothing to send again" in bench.said.getvalue()


def test_rows_that_are_done_are_left_alone(bench):
    bench.rows(range(4))
    bench.job()
    make_failed(bench, range(4, 6))
    assert counted(bench.job("retry")) == {"created": 2}
    bench.audit(range(6))


def test_what_fails_again_can_be_retried_again_and_is_exit_1_until_then(bench):
    first = make_failed(bench, range(3))
    bench.sandbox.set_faults(Faults(error_before=1, only_writes=1))
    bench.config(limits={"attempts": 1})
    codes = [bench.job("retry").exit_code, bench.job("retry", run=first.run_id).exit_code]
    bench.sandbox.set_faults(Faults.none())
    last = bench.job("retry", run=first.run_id)
    assert (codes, last.exit_code, counted(last)) == ([1, 1], 0, {"created": 3})
    bench.audit(range(3))


def test_a_run_is_named_to_send_its_rows_alone_and_the_others_are_told(bench):
    first = make_failed(bench, range(3))
    second = make_failed(bench, range(3, 5))
    only = bench.job("retry", run=second.run_id)
    assert counted(only) == {"created": 2}
    bench.audit(range(3, 5))
    assert "3 rows of earlier runs still wait (3 failed): lightfield-etl retry bench.yaml" in bench.said.getvalue()
    assert counted(bench.job("retry", run=first.run_id)) == {"created": 3}


def test_a_row_that_failed_may_be_refused_again_without_a_doubt(bench):
    """Nothing of it was ever executed, so it is not uncertain."""
    make_failed(bench, range(2))
    bench.sandbox.workspace.deactivate_member("mem_acme_0")
    again = bench.job("retry")
    assert (counted(again), again.exit_code) == ({"failed": 2}, 1)
    assert again.problems[0].code == "relationship_entity_inactive"


def make_uncertain(bench, numbers: range) -> Summary:
    """Rows that are tasks, but whose answers were lost."""
    bench.rows(numbers)
    bench.config(limits={"attempts": 1})
    bench.sandbox.set_faults(Faults(lost_after_commit=1, only_writes=1))
    summary = bench.job()
    bench.sandbox.set_faults(Faults.none())
    return summary


def test_uncertain_rows_are_asked_for_with_their_own_key_which_makes_no_second_task(bench):
    doubtful = make_uncertain(bench, range(4))
    keys = {line["idempotency_key"] for line in bench.results(doubtful)}
    again = bench.job("retry")
    assert (counted(doubtful), counted(again), again.exit_code) == ({"uncertain": 4}, {"created": 4}, 0)
    assert {line["idempotency_key"] for line in bench.results(again)} == keys
    bench.audit(range(4))


def test_beyond_the_window_an_uncertain_row_is_looked_for_and_not_sent(bench):
    make_uncertain(bench, range(2))
    bench.age_intents(hours=24)
    posts = bench.posts()
    again = bench.job("retry")
    assert (counted(again), again.exit_code, bench.posts()) == ({"adopted": 2}, 0, posts)
    assert "2 rows too old for that: looked for among Lightfield's tasks" in bench.said.getvalue()
    bench.audit(range(2))


def test_a_stopped_run_is_refused_because_its_unread_rows_are_in_no_ledger(bench):
    bench.rows(range(300))
    bench.sandbox.set_faults(Faults(error_before=0.3, only_writes=1))
    bench.config(limits={"attempts": 1, "concurrency": 8})
    stopped = bench.job(max_failures=CountOrShare(count=20))
    bench.sandbox.set_faults(Faults.none())
    unread = stopped.counts[Action.NOT_SENT]
    for run in (None, stopped.run_id):
        refused = bench.job("retry", run=run)
        assert (stopped.exit_code, refused.exit_code, refused.reason) == (3, 2, "settings")
        assert f"{unread:,} rows were never read: run the same command again" in f"{refused.message}: {refused.next_command}"
    bench.rows(range(300))
    assert bench.job().exit_code == 0
    assert bench.job("retry").exit_code == 0
    bench.audit(range(300))


def test_rejected_rows_are_named_as_out_of_reach(bench):
    (bench.folder / "tasks.csv").write_text(
        "Id,Title,Owner\n1,Task 1,sam@acme.example\n2,,sam@acme.example\n3,Task 3,nobody@acme.example\n"
    )
    first = bench.job()
    again = bench.job("retry")
    assert (counted(first), counted(again), again.exit_code) == ({"created": 1, "rejected": 2}, {}, 1)
    assert f"2 rows rejected by the run {first.run_id} are out of reach of retry" in again.message
    assert again.message in bench.said.getvalue()


def test_an_unknown_run_is_refused_with_the_runs_that_there_are(bench):
    failed = make_failed(bench, range(1))
    refused = bench.job("retry", run="20260101T000000Z-abcdef")
    assert (refused.exit_code, refused.reason) == (2, "settings")
    assert failed.run_id in refused.next_command


def test_a_retry_is_no_run_whose_rows_could_be_sent(bench):
    make_failed(bench, range(1))
    refused = bench.job("retry", run=bench.job("retry").run_id)
    assert refused.exit_code == 2
    assert "was a retry" in refused.message


def test_without_a_ledger_there_is_nothing_to_retry(bench):
    refused = bench.job("retry")
    assert (refused.exit_code, refused.reason) == (2, "ledger")
    assert not bench.ledger.exists()


def test_a_retry_takes_the_lock(bench):
    make_failed(bench, range(1))
    with bench.held_lock():
        refused = bench.job("retry")
    assert (refused.exit_code, refused.reason) == (4, "locked")


def test_a_retry_with_the_key_of_another_workspace_sends_nothing(bench, globex, globex_key):
    bench.rows(range(2, 4))
    bench.job()
    make_failed(bench, range(2))
    refused = bench.job("retry", environment=globex_key)
    assert (refused.exit_code, refused.reason) == (2, "workspace")
    assert (len(bench.sandbox.tasks), len(globex.tasks)) == (2, 0)


def test_a_run_tells_how_many_rows_of_earlier_runs_still_wait(bench):
    make_failed(bench, range(3))
    bench.rows(range(10, 12))
    assert bench.job().exit_code == 0
    assert "3 rows of earlier runs still wait (3 failed): lightfield-etl retry bench.yaml" in bench.said.getvalue()


def test_a_run_that_takes_them_along_says_nothing_of_them(bench):
    make_failed(bench, range(3))
    assert bench.job().exit_code == 0
    assert "still wait" not in bench.said.getvalue()
