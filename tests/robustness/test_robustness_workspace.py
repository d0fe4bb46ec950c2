"""Does an import know which workspace it is in, and never take one for another?"""

from __future__ import annotations

import pytest

from etl.records import Action
from etl.sandbox.server import ServerThread


def titles(sandbox) -> list[str]:
    return sorted(task.fields["$title"] for task in sandbox.tasks)


@pytest.mark.parametrize("scopes", [(), ("tasks:create", "tasks:read")], ids=["members are known", "members cannot be read"])
def test_the_key_of_another_workspace_ends_the_run_before_anything_is_sent_or_skipped(bench, globex, globex_key, scopes):
    """Without the members, a task of ours that cannot be found tells."""
    bench.config(map={"$title": "Title", "$status": {"value": "TODO"}, "$assignedTo": {"value": "mem_acme_0"}})
    for sandbox, key in ((bench.sandbox, bench.environment["LIGHTFIELD_API_KEY"]), (globex, globex_key["LIGHTFIELD_API_KEY"])):
        sandbox.workspace.add_key(key, scopes)
    bench.rows(range(3))
    assert bench.job().exit_code == 0
    bench.rows(range(5))
    refused = bench.job(environment=globex_key)
    assert (refused.exit_code, refused.reason, refused.rows) == (2, "workspace", 0)
    assert "in another workspace" in refused.message
    assert "workspace: {member:" in refused.next_command
    assert titles(globex) == []
    bench.audit(range(3))


def test_a_config_that_names_a_member_of_the_other_workspace_means_it(bench, globex, globex_key):
    bench.rows(range(3))
    bench.job()
    bench.config(workspace={"member": "ops@globex.example"})
    summary = bench.job(environment=globex_key)
    assert (summary.exit_code, summary.counts[Action.CREATED]) == (0, 3)
    assert titles(globex) == ["Task 0", "Task 1", "Task 2"]
    bench.audit(range(3))


def test_a_config_that_names_somebody_else_ends_the_run(bench, globex, globex_key):
    bench.rows(range(3))
    bench.config(workspace={"member": "ops@acme.example"})
    refused = bench.job(environment=globex_key)
    assert (refused.exit_code, refused.reason) == (2, "workspace")
    assert "bench.yaml" in refused.message
    assert "ops@acme.example is no member" in refused.message
    assert titles(globex) == []


def test_imports_in_two_workspaces_of_one_ledger_go_on_side_by_side(bench, globex, globex_key):
    bench.rows(range(2))
    bench.job()
    bench.config(workspace={"member": "sam@acme.example"})
    bench.job(environment=globex_key)
    bench.rows(range(4))
    for environment, sandbox in (({}, bench.sandbox), (globex_key, globex)):
        summary = bench.job(environment=environment)
        assert (summary.counts[Action.UNCHANGED], summary.counts[Action.CREATED]) == (2, 2)
        assert titles(sandbox) == [f"Task {number}" for number in range(4)]


def test_a_rotated_key_of_the_same_workspace_goes_on(bench, other_key):
    bench.rows(range(3))
    bench.job()
    bench.sandbox.workspace.revoke(bench.environment["LIGHTFIELD_API_KEY"])
    summary = bench.job(environment=other_key)
    assert (summary.exit_code, summary.counts[Action.UNCHANGED]) == (0, 3)
    bench.audit(range(3))


def test_a_key_that_was_rotated_goes_on_where_members_cannot_be_read(bench, other_key):
    """A task of ours that it can retrieve tells that the workspace is the same."""
    bench.config(map={"$title": "Title", "$status": {"value": "TODO"}, "$assignedTo": {"value": "mem_acme_0"}})
    bench.rows(range(3))
    bench.sandbox.workspace.add_key(bench.environment["LIGHTFIELD_API_KEY"], ("tasks:create", "tasks:read"))
    bench.sandbox.workspace.add_key(other_key["LIGHTFIELD_API_KEY"], ("tasks:create", "tasks:read"))
    bench.job()
    summary = bench.job(environment=other_key)
    assert (summary.exit_code, summary.counts[Action.UNCHANGED]) == (0, 3)


def test_what_was_done_at_another_address_is_not_done_here(bench, globex):
    """A rehearsal at a sandbox never makes production think that it is done."""
    bench.rows(range(3))
    bench.job()
    globex.workspace.add_key(bench.environment["LIGHTFIELD_API_KEY"])
    with ServerThread(globex) as server:
        summary = bench.job(environment={"LIGHTFIELD_BASE_URL": server.url})
    assert (summary.exit_code, summary.counts[Action.CREATED]) == (0, 3)
    assert titles(globex) == ["Task 0", "Task 1", "Task 2"]
    assert bench.job().counts[Action.UNCHANGED] == 3
    bench.audit(range(3))


@pytest.mark.parametrize("missing", ["tasks:read", "members:read"])
def test_a_key_that_may_not_read_what_the_config_needs_ends_the_run_before_its_first_write(bench, missing):
    """Without reading tasks nothing could be looked for afterwards; members are needed because owners are looked up."""
    scopes = tuple(scope for scope in ("tasks:create", "tasks:read", "members:read") if scope != missing)
    bench.sandbox.workspace.add_key(bench.environment["LIGHTFIELD_API_KEY"], scopes)
    bench.rows(range(3))
    summary = bench.job()
    assert (summary.status, summary.reason, bench.posts()) == ("stopped", "key_refused", 0)
    assert missing in summary.message
