"""``lightfield-etl init``: from a file to a config, and to a first check."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl.cli.options import shared_options

if TYPE_CHECKING:
    # Imported when the command runs, so that --help answers at once.
    from etl.jobs.request import JobRequest, Surroundings
    from etl.report.summary import Summary

_LOOK_FIRST = "look at the three lines marked LOOK in {config}"
_CHECKED = (0, 1)
_KEYS = ("LIGHTFIELD_API_KEY", "LIGHTFIELD_API_KEY_FILE", "LIGHTFIELD_API_KEY_COMMAND")


@click.command("init")
@click.argument("data", nargs=-1, required=True)
@click.option("--preset", metavar="NAME", help="The CRM that the file comes from [default: recognised by the header]")
@click.option("--config", type=click.Path(path_type=Path), help="The file to write [default: <preset>-tasks.yaml, else <file>.yaml]")
@shared_options
def command(data: tuple[str, ...], preset: str | None, config: Path | None, **options: Any) -> int:
    """Look at DATA, write a starter config for it, and check the data through it.

    The CRM is recognised by the header; of another file the columns are guessed by their names and contents. Three lines of the config
    are for you to look at: the import's name, the time zone, and who takes over from people who have left. Nothing is overwritten.
    The check asks Lightfield where there is an API key, and nobody else. The exit code is the check's.
    """
    from etl.cli.launch import give_up, make_voice, surroundings
    from etl.errors import EtlError
    from etl.jobs.init import InitRequest, init
    from etl.report.summary import summary_text

    as_json = options.pop("as_json")
    voice = make_voice(quiet=options.pop("quiet"), log_format=options.pop("log_format"))
    around = surroundings(voice, None)
    try:
        written = init(InitRequest(data, preset, config), around)
        request = _check_request(written, data, around, options)
        summary = _check(request, around)
    except EtlError as error:
        return give_up(voice, error)
    if as_json:
        click.echo(summary_text(summary), nl=False)
    if summary.exit_code not in _CHECKED:
        # What the check said is to be done first; its "same command again" is the check, not init.
        voice.next_step(f"when that is done: {request.typed}")
    elif summary.next_command:
        voice.say("info", "look", f"before that: {_LOOK_FIRST.format(config=written)}")
    elif voice.mode != "quiet":
        voice.next_step(f"{_LOOK_FIRST.format(config=written)}, then: {_next_command(request, summary)}")
    return summary.exit_code


def _check_request(written: Path, data: tuple[str, ...], around: Surroundings, options: dict[str, Any]) -> JobRequest:
    from etl.jobs.request import JobRequest

    offline = options["api_key_file"] is None and not any(around.environment.get(name, "").strip() for name in _KEYS)
    typed = _typed("check", written, data) + (" --offline" if offline else "")
    return JobRequest(command="check", config_path=written, data=data, typed=typed, offline=offline, **options)


def _check(request: JobRequest, around: Surroundings) -> Summary:
    from etl.jobs.check import check
    from etl.jobs.perform import perform_job

    return perform_job(check, request, around)


def _next_command(request: JobRequest, summary: Summary) -> str:
    """Rehearse what is clean without Lightfield, run what is clean with it, and check the rest again."""
    if summary.exit_code:
        return request.typed
    run = _typed("run", request.config_path, request.data)
    return f"{run} --sandbox" if request.offline else run


def _typed(name: str, config: Path, data: tuple[str, ...]) -> str:
    """A command as it can be typed; of an address without its query, which may be a secret."""
    from etl.config.addresses import shown_address

    return shlex.join(["lightfield-etl", name, str(config), *map(shown_address, data)])
