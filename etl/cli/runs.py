"""``lightfield-etl runs``: the history in the ledger, or one run."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl.cli.options import WholeNumber

if TYPE_CHECKING:
    # Imported when the command runs, so that --help answers at once.
    from etl.report.past import OneRun
    from etl.report.voice import Voice

_RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
_LATEST = "latest"


@click.command("runs")
@click.argument("config", required=False)
@click.argument("run", required=False)
@click.option("--limit", type=WholeNumber(min=1), default=20, show_default=True, metavar="N", help="Show the newest N runs of each import.")
@click.option("--failures", is_flag=True, help="Write the rows of RUN that failed or are uncertain to OUT/RUN-failures.csv.")
@click.option("--ledger", metavar="URL", help="Where the ledger is [default: as for run; without CONFIG the only *.ledger in this folder]")
@click.option("--out", type=click.Path(path_type=Path), default=Path("results"), show_default=True, help="The folder of the reports.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON on stdout, and nothing else there.")
def command(config: str | None, run: str | None, *, as_json: bool, **options: Any) -> int:
    """Show the runs of the import of CONFIG, the newest first; or RUN (its name, or `latest`) with the rows that need a person.

    Without CONFIG all imports of the ledger. Asks nobody, needs no API key, and works beside a run.
    """
    from etl.cli.launch import give_up, make_voice, surroundings
    from etl.errors import EtlError
    from etl.jobs.request import RunsRequest
    from etl.jobs.runs import look_back
    from etl.report.history import history_text
    from etl.report.past import OneRun, past_text

    config, run = _told_apart(config, run)
    failures = options["failures"]
    if failures and run is None:
        raise click.UsageError(f"--failures is about one run: name it, or say {_LATEST}")
    voice = make_voice(quiet=False, log_format="text")
    try:
        request = RunsRequest(config_path=Path(config) if config else None, run=run, **options)
        past = look_back(request, surroundings(voice, None))
    except EtlError as error:
        return give_up(voice, error)
    click.echo(past_text(past) if as_json else history_text(past, sys.stdout, os.environ), nl=False)
    if isinstance(past, OneRun):
        _tell(past, voice, failures=failures)
    return 0


def _told_apart(config: str | None, run: str | None) -> tuple[str | None, str | None]:
    """RUN alone may be given too."""
    if config and run is None and not Path(config).exists() and (config == _LATEST or _RUN_ID.fullmatch(config)):
        return None, config
    return config, run


def _tell(past: OneRun, voice: Voice, *, failures: bool) -> None:
    if past.rebuilt is not None:
        voice.say("info", "file", f"what was sent, and why it is not there: {past.rebuilt}", path=past.rebuilt)
    elif failures:
        voice.say("info", "no_failures", f"the ledger holds no row of {past.run.run_id} that failed or is uncertain")
    if past.next_command is not None:
        voice.next_step(past.next_command)
