"""Is every outcome true of what Lightfield holds?"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from etl.cli.practice import practice
from etl.config.presets import samples_folder
from etl.sandbox.faults import Faults

MAY_HAVE_ONE = {"created", "uncertain"}


@pytest.mark.parametrize(
    ("attempts", "faults"),
    [
        (1, Faults(error_after=0.3, error_before=0.3, only_writes=1)),
        (2, Faults(error_after=0.3, error_before=0.3, only_writes=1)),
        (1, Faults(lost_after_commit=0.3, lost_before_commit=0.3, only_writes=1)),
        (2, Faults(truncated=0.3, not_json=0.3, only_writes=1)),
        (2, Faults(error_after=0.2, lost_after_commit=0.2, too_many_requests=0.02, retry_after_seconds=0, only_writes=1)),
    ],
    ids=["errors", "errors and a second attempt", "lost connections", "spoiled answers", "throttled"],
)
def test_no_row_is_called_failed_that_has_a_task(bench, attempts, faults):
    """Owners of every third row have left meanwhile, so that refusals come in between, first and after lost answers."""
    numbers = range(60)
    write_rows(bench, numbers)
    bench.sandbox.workspace.deactivate_member("mem_acme_1")
    bench.config(limits={"attempts": attempts})
    bench.sandbox.set_faults(faults)
    summary = bench.job()
    titles, lines = bench.tasks(), bench.results(summary)
    by_action = Counter(line["action"] for line in lines)
    assert by_action["failed"] > 0
    assert by_action["created"] > 0
    assert [line for line in lines if line["action"] == "failed" and titles[f"Task {line['source_key']}"]] == []
    assert [line for line in lines if line["action"] not in MAY_HAVE_ONE and titles[f"Task {line['source_key']}"]] == []
    assert [line for line in lines if line["action"] == "created" and titles[f"Task {line['source_key']}"] != 1] == []
    settle(bench)
    bench.audit(numbers)


def write_rows(bench, numbers) -> None:
    lines = [f"{number},Task {number},{'ops' if number % 3 == 0 else 'sam'}@acme.example" for number in numbers]
    (bench.folder / "tasks.csv").write_text("\n".join(["Id,Title,Owner", *lines, ""]))


def settle(bench) -> None:
    """The night is over, and everybody is back."""
    bench.sandbox.set_faults(Faults.none())
    bench.sandbox.workspace.members.get("mem_acme_1").active = True
    assert bench.job().exit_code == 0


def test_a_rehearsal_of_a_bad_night_ends_in_reports_that_are_true(bench):
    config, data = samples_folder() / "hubspot-tasks.yaml", samples_folder() / "hubspot-tasks.csv"
    with practice(Random(7), faults=True) as played:
        summary = bench.job(config_path=config, data=(str(data),), practice=played, limit=40)
        titles = Counter(task.fields["$title"] for task in played.sandbox.tasks)
        ids = {task.id for task in played.sandbox.tasks}
    lines = bench.results(summary)
    made = [line["task_id"] for line in lines if line["action"] == "created"]
    assert summary.exit_code in {0, 1}
    assert summary.load.retries > 0
    assert len(made) == len(set(made))
    assert set(made) <= ids
    assert len(ids) - len(made) <= summary.counts["uncertain"]
    assert sum(titles.values()) == len(ids)
    assert {"results.csv", "report.html"} <= set(summary.files)
    assert not Path(bench.ledger).exists()
