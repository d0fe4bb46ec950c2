"""From parsed options to a job, and from its summary to an exit code."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random, SystemRandom
from typing import Any, Literal

import click

from etl.clock import SystemClock
from etl.config.addresses import shown_argument
from etl.config.reader import read_config
from etl.errors import EtlError, crash_of
from etl.jobs.perform import Job, perform_job
from etl.jobs.request import JobRequest, Practice, Surroundings
from etl.jobs.settings import key_goes_to, key_is_given
from etl.report.summary import summary_text
from etl.report.voice import Voice, make_console


def start(command: str, config: Path, data: tuple[str, ...], **options: Any) -> int:
    """Run one job as the command line asked for it.

    Args:
        command: ``run``, ``check``, ``retry``, ``reconcile``, ``verify`` or ``undo``.
        config: The config file.
        data: What to read instead of ``source.path``.
        options: As parsed; those of ``JobRequest`` by its names, and ``as_json``, ``quiet``, ``log_format``, ``sandbox``, ``faults``.

    Returns:
        The exit code.
    """
    as_json, quiet, log_format = options.pop("as_json"), options.pop("quiet"), options.pop("log_format")
    sandbox, faults = options.pop("sandbox", False), options.pop("faults", False)
    if faults and not sandbox:
        raise click.UsageError("--faults is about the sandbox: add --sandbox")
    options["assume_yes"] = options.pop("yes", False)
    request = JobRequest(command=command, config_path=config, data=data, typed=_typed(), **options)
    voice = make_voice(quiet=quiet, log_format=log_format)
    with ExitStack() as stack:
        played = stack.enter_context(_practice(faults=faults)) if sandbox else None
        try:
            around = surroundings(voice, played)
            if not (as_json or request.assume_yes or request.offline or sandbox):
                around = with_typed_key(request, around)
            summary = perform_job(_job(command), request, around)
        except EtlError as error:
            return give_up(voice, error)
        except Exception as fault:  # noqa: BLE001  whatever it is: exit code 1 would say that the run has finished
            return give_up(voice, crash_of(fault))
    if as_json:
        click.echo(summary_text(summary), nl=False)
    return summary.exit_code


def give_up(voice: Voice, error: EtlError) -> int:
    """Says why there is not even a summary, in the form that was asked for."""
    voice.say("error", error.reason, error.message)
    if error.next_step:
        voice.next_step(error.next_step)
    return error.exit_code


def make_voice(*, quiet: bool, log_format: str) -> Voice:
    """The voice of a command: on stderr, as loud as was asked."""
    clock = SystemClock()
    mode: Literal["text", "quiet", "json"] = "json" if log_format == "json" else "quiet" if quiet else "text"
    return Voice(make_console(sys.stderr, os.environ), mode=mode, now=clock.now)


def surroundings(voice: Voice, played: Practice | None) -> Surroundings:
    """The real world."""
    on_terminal = sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
    return Surroundings(
        environment=os.environ,
        clock=SystemClock(),
        random=SystemRandom(),
        voice=voice,
        stdin=sys.stdin.buffer if sys.stdin is not None else None,
        working_folder=Path.cwd(),
        ask=_ask if on_terminal else None,
        practice=played,
    )


def with_typed_key(request: JobRequest, around: Surroundings) -> Surroundings:
    """The same with an API key that a person has typed unseen, where none is set and somebody is at a terminal.

    Raises:
        ConfigError: The config cannot be read.
        SettingsError: The address is not one that a key may go to.
    """
    if around.ask is None or key_is_given(request, around):
        return around
    if request.command != "doctor":
        # Its faults are told before anybody types anything; to the doctor they are a finding among others.
        read_config(request.config_path, around.environment)
    typed = click.prompt(
        f"API key for {key_goes_to(request, around)} (not shown)", hide_input=True, err=True, default="", show_default=False
    )
    return replace(around, environment={**around.environment, "LIGHTFIELD_API_KEY": typed})


def _job(command: str) -> Job:
    if command == "check":
        from etl.jobs.check import check

        return check
    if command == "retry":
        from etl.jobs.retry import retry

        return retry
    if command == "verify":
        from etl.jobs.verify import verify

        return verify
    if command == "undo":
        from etl.jobs.undo import undo

        return undo
    if command == "reconcile":
        from etl.jobs.reconcile import reconcile

        return reconcile
    from etl.jobs.run import run

    return run


@contextmanager
def _practice(*, faults: bool) -> Iterator[Practice]:
    from etl.cli.practice import practice

    with practice(Random(), faults=faults) as played:  # noqa: S311  dice, no secret
        yield played


def _typed() -> str:
    """The command as it can be typed again; of an address without its password and query, which are secrets."""
    return shlex.join(["lightfield-etl", *map(shown_argument, sys.argv[1:])])


def _ask(prompt: str) -> str:
    answer: str = click.prompt(prompt.rstrip(": "), default="", show_default=False, err=True, prompt_suffix=": ")
    return answer
