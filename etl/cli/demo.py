"""``lightfield-etl demo``: see it work without an account."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    # Imported when the command runs, so that --help answers at once.
    from etl.jobs.request import JobRequest, Surroundings
    from etl.report.voice import Voice
    from etl.sandbox.app import Sandbox

_FIRST = (
    "A HubSpot export goes into a sandbox inside this process, at Lightfield's own write limit of 25 tasks a second.\n"
    "A few of its rows are wrong on purpose: they end as lines of failures.csv that say why.\n"
    "The demo's ledger lies in a temporary folder, and is removed at the end.\n"
)
_SECOND = "\nThe same file again, as cron would run it: what the ledger knows is not sent.\n"
_CLOSING = """
The sandbox held {before:,} tasks after the first run, and holds {after:,} now: nothing was sent twice.
The first report:  {report}
The rows to mend:  {failures}
Your own export:   lightfield-etl init YOUR-EXPORT.csv"""

_LATENCY_SECONDS = 0.08
_FINISHED = (0, 1)


@click.command("demo")
@click.option("--out", type=click.Path(path_type=Path), default=Path("results"), show_default=True, help="The folder of the reports.")
@click.option("--quiet", is_flag=True, help="Say only what went wrong.")
def command(out: Path, *, quiet: bool) -> int:
    """Import a sample into a sandbox inside this process, then run it again to show that nothing is sent twice."""
    from etl.cli.launch import make_voice
    from etl.sandbox.app import Sandbox
    from etl.sandbox.server import ServerThread
    from etl.sandbox.workspace import Workspace

    sandbox = Sandbox(Workspace.sample(), latency_seconds=_LATENCY_SECONDS)
    with ServerThread(sandbox) as server, TemporaryDirectory(prefix="lightfield-etl-demo-") as folder:
        request, around = _prepared(out, Path(folder) / "demo.ledger", server.url, make_voice(quiet=quiet, log_format="text"))
        return _show(request, around, sandbox)


def _prepared(out: Path, ledger: Path, url: str, voice: Voice) -> tuple[JobRequest, Surroundings]:
    from etl.cli.launch import surroundings
    from etl.config.presets import samples_folder
    from etl.jobs.request import JobRequest
    from etl.sandbox.access import SANDBOX_KEY

    request = JobRequest(
        command="run",
        config_path=samples_folder() / "hubspot-tasks.yaml",
        data=(str(samples_folder() / "hubspot-tasks.csv"),),
        out=out,
        typed="lightfield-etl demo",
        ledger=str(ledger),
        assume_yes=True,
    )
    environment = {"LIGHTFIELD_BASE_URL": url, "LIGHTFIELD_API_KEY": SANDBOX_KEY}
    return request, replace(surroundings(voice, None), environment=environment)


def _show(request: JobRequest, around: Surroundings, sandbox: Sandbox) -> int:
    from etl.jobs.perform import perform_job
    from etl.jobs.run import run

    around.voice.say("info", "demo", _FIRST)
    first = perform_job(run, request, around)
    before = len(sandbox.tasks)
    if first.exit_code not in _FINISHED:
        return first.exit_code
    around.voice.say("info", "demo", _SECOND)
    second = perform_job(run, request, around)
    folder = request.out / first.run_id
    report, failures = folder / "report.html", folder / "failures.csv"
    closing = _CLOSING.format(before=before, after=len(sandbox.tasks), report=report, failures=failures)
    around.voice.say("info", "demo", closing)
    return 0 if second.exit_code in _FINISHED else second.exit_code
