"""``lightfield-etl run``: import a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from etl.cli.options import CONFIG, DATA, LIMIT, Duration, Number, RowsOrShare, WholeNumber, writer_options
from etl.config.amounts import CountOrShare


@click.command("run")
@CONFIG
@DATA
@LIMIT
@click.option("--sync/--no-sync", default=None, help="Update the tasks of rows that changed, or don't; over the config's mode.")
@click.option("--complete", is_flag=True, help="Take DATA for the whole source: sync.on_missing may act on what is not in it.")
@click.option("--yes", is_flag=True, help="Ask nothing before the first write: for scripts.")
@click.option(
    "--rate",
    type=Number(min=0, min_open=True),
    metavar="N",
    help="Send at most N writes a second [default: what Lightfield allows]",
)
@click.option(
    "--concurrency", type=WholeNumber(1, 1000), metavar="N", help="Keep N requests in flight [default: as many as the limit needs]"
)
@click.option(
    "--max-failures",
    type=RowsOrShare(),
    metavar="N|N%",
    help="Stop (exit 3) when more rows than that fail; a share counts from 100 rows on.",
)
@click.option("--max-duration", type=Duration(), metavar="DURATION", help="Stop (exit 3) after so long, such as 2h.")
@click.option("--stream", is_flag=True, help="Do not look ahead: write while the input is being read.")
@click.option("--force-new", is_flag=True, help="Go on although Lightfield holds tasks like rows that the ledger does not know.")
@click.option("--sandbox", is_flag=True, help="Rehearse: a sandbox inside this process stands in for Lightfield; the ledger is in memory.")
@click.option("--faults", is_flag=True, help="Give the rehearsal a bad night; with --sandbox.")
@writer_options
def command(config: Path, data: tuple[str, ...], max_failures: CountOrShare | None, max_duration: float | None, **options: Any) -> int:
    """Import DATA by CONFIG: every row becomes exactly one task, or a line in failures.csv that says why not.

    DATA (paths, globs, addresses, - for standard input) replaces source.path. What the ledger knows is not sent again: to repair
    anything, run the same command again.
    """
    from etl.cli.launch import start

    return start("run", config, data, max_failures=max_failures, max_duration_seconds=max_duration, **options)
