"""What the service or the workspace is not ready for stops the run, soon, with everything resumable."""

from __future__ import annotations

import os
import socket
import time
from threading import Thread

import pytest

from etl.sandbox.faults import Faults
from etl.sandbox.limits import Category


def test_a_wrong_key_stops_the_run_with_exit_3(desk, stopped, make_row):
    desk.monkeypatch.setenv("LIGHTFIELD_API_KEY", "sk_lf_wrong_0123456789")
    ended = desk.run([make_row(1)])
    stopped(ended, 3, "key_refused")
    assert "0123456789" not in ended.stderr
    assert "LIGHTFIELD_API_KEY" in ended.last_line
    assert desk.titles == []


def test_a_key_that_is_revoked_in_mid_run_stops_it_and_a_new_key_of_the_same_workspace_finishes_it(desk, stopped, make_row):
    rows = [make_row(number) for number in range(60)]
    desk.sandbox.limits.set_rate(Category.WRITE, 40)
    first = revoked_after(desk, rows, tasks=10)
    stopped(first, 3, "key_refused")
    assert 0 < len(desk.titles) < len(rows)
    assert first.counts.get("created", 0) <= len(desk.titles)
    desk.sandbox.workspace.add_key("sk_lf_new_key_abcdef")
    desk.monkeypatch.setenv("LIGHTFIELD_API_KEY", "sk_lf_new_key_abcdef")
    second = desk.run(rows)
    assert second.code == 0, second.stderr
    assert desk.titles == sorted(row[1] for row in rows)


def revoked_after(desk, rows, tasks):
    """A run whose key is revoked while it writes."""

    def revoke():
        while len(desk.sandbox.tasks) < tasks:
            time.sleep(0.005)
        desk.sandbox.workspace.revoke(os.environ["LIGHTFIELD_API_KEY"])

    revoking = Thread(target=revoke, daemon=True)
    revoking.start()
    try:
        return desk.run(rows)
    finally:
        revoking.join()


def test_a_service_that_nobody_listens_for_stops_the_run_soon(desk, stopped, make_row):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    began = time.monotonic()
    ended = desk.run([make_row(1)], "--base-url", url, limits={"attempts": 3})
    assert "no connection to Lightfield" in stopped(ended, 3, "service_down")
    assert "run the same command again" in ended.last_line
    assert time.monotonic() - began < 15


def test_a_key_without_the_scope_to_create_is_refused_before_the_first_write(desk, stopped, make_row):
    desk.sandbox.workspace.add_key("sk_lf_reader", scopes=("tasks:read", "members:read"))
    desk.monkeypatch.setenv("LIGHTFIELD_API_KEY", "sk_lf_reader")
    ended = desk.run([make_row(1)])
    assert "tasks:create" in stopped(ended, 3, "key_refused")
    assert desk.writes == 0


def test_a_key_that_may_only_read_is_enough_for_a_check(desk, make_row):
    desk.sandbox.workspace.add_key("sk_lf_reader", scopes=("tasks:read", "members:read"))
    desk.monkeypatch.setenv("LIGHTFIELD_API_KEY", "sk_lf_reader")
    assert desk("check", desk.config(), desk.csv([make_row(1)])).code == 0


def test_a_scope_that_a_look_up_needs_is_named(desk, stopped, make_row):
    desk.sandbox.workspace.add_key("sk_lf_narrow", scopes=("tasks:read", "tasks:create", "members:read"))
    desk.monkeypatch.setenv("LIGHTFIELD_API_KEY", "sk_lf_narrow")
    ended = desk.run([make_row(1)], map={"$account": {"column": "Title", "lookup": "account.name", "unknown": "skip"}})
    assert "accounts:read" in stopped(ended, 3, "key_refused")


def test_the_first_fifty_rows_refused_alike_stop_the_run(desk, stopped, make_row):
    rows = [make_row(number) for number in range(200)]
    ended = desk.run(rows, "--concurrency", "5", map={"$account": {"value": "acc_nowhere"}})
    message = stopped(ended, 3, "service_down")
    assert "first 50 rows" in message
    assert 50 <= desk.writes < 70
    assert ended.actions().count("not_sent") > 100
    assert desk.titles == []


def test_a_workspace_that_is_not_the_named_one_is_refused(desk, stopped, make_row):
    ended = desk.run([make_row(1)], workspace={"member": "ops@other.example"})
    assert "ops@other.example" in stopped(ended, 2, "workspace")
    assert desk.writes == 0


def test_the_workspace_that_is_named_is_accepted_in_any_case(desk, make_row):
    assert desk.run([make_row(1)], workspace={"member": "OPS@acme.example"}).code == 0


def test_a_relationship_that_the_workspace_lacks_is_told_with_the_nearest(desk, stopped, make_row):
    ended = desk.run([make_row(1)], map={"teritory": "Title"})
    message = stopped(ended, 2, "workspace")
    assert "did you mean territory?" in message
    assert "desk.yaml:" in message
    assert desk.writes == 0


def test_a_check_tells_of_such_a_relationship_too(desk, stopped, make_row):
    ended = desk("check", desk.config(map={"teritory": "Title"}), desk.csv([make_row(1)]))
    assert "did you mean territory?" in stopped(ended, 2, "workspace")


def test_a_read_only_relationship_in_the_map_is_refused_before_the_first_write(desk, make_row):
    ended = desk.run([make_row(1)], map={"$note": "Title"})
    assert ended.code == 2
    assert "$note" in ended.stderr
    assert desk.writes == 0


def test_several_ids_for_a_relationship_that_takes_one_are_refused_before_the_first_write(desk, stopped, make_row):
    ended = desk.run([make_row(1)], map={"territory": {"column": "Title", "split": ";", "take": "all"}})
    assert "take: first" in stopped(ended, 2, "workspace")


def test_a_custom_relationship_works_by_its_slug(desk, make_row):
    ended = desk.run([make_row(1)], map={"territory": {"value": "ter_7"}})
    assert ended.code == 0
    assert desk.task("Task 1").relationships["territory"] == ["ter_7"]


def test_a_custom_relationship_that_takes_several_gets_all_of_them(desk, make_row):
    first, second = [account.id for account in desk.sandbox.workspace.accounts][:2]
    ended = desk.run([make_row(1)], map={"partners": {"value": f"{first};{second}", "split": ";", "take": "all"}})
    assert ended.code == 0
    assert desk.task("Task 1").relationships["partners"] == [first, second]


def test_another_workspace_behind_the_key_is_refused_before_anything_is_sent_or_skipped(desk, stopped, make_row):
    assert desk.run([make_row(1)]).code == 0
    for member in desk.sandbox.workspace.members:
        member.id = member.id.replace("mem_", "mem_9")
    ended = desk.run([make_row(1), make_row(2)])
    stopped(ended, 2, "workspace")
    assert desk.titles == ["Task 1"]


@pytest.mark.parametrize("options", [(), ("--stream",)])
def test_a_bad_night_ends_with_every_row_exactly_once(desk, make_row, options):
    desk.sandbox.set_faults(Faults(error_after=0.1, lost_after_commit=0.05, error_before=0.05, truncated=0.05, only_writes=1))
    rows = [make_row(number) for number in range(40)]
    ended = desk.run(rows, *options)
    assert ended.code == 0, ended.stderr
    assert desk.titles == sorted(row[1] for row in rows)
    assert ended.summary["load"]["retries"] > 0


def test_a_rate_option_is_never_exceeded(desk, make_row):
    began = time.monotonic()
    assert desk.run([make_row(number) for number in range(30)], "--rate", "20").code == 0
    # A bucket of 20 holds one second's worth: 10 rows have to wait for half a second.
    assert time.monotonic() - began >= 0.45


def test_the_limit_that_lightfield_announces_is_kept_without_a_429(desk, make_row):
    desk.sandbox.limits.set_rate(Category.WRITE, 30)
    ended = desk.run([make_row(number) for number in range(60)])
    assert ended.code == 0
    assert ended.summary["load"]["throttled_429"] == 0
    assert ended.summary["load"]["limit_per_second"] == 30
