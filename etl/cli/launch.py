"""From parsed options to a job, and from its summary to an exit code."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random, SystemRandom
from types import FrameType
from typing import Any, Literal, NoReturn

import click

from etl.clock import SystemClock
from etl.config.addresses import shown_argument
from etl.config.reader import read_config
from etl.errors import EtlError, InterruptedRunError, SettingsError, crash_of
from etl.jobs.perform import Job, perform_job
from etl.jobs.request import JobRequest, Practice, Surroundings
from etl.jobs.settings import key_goes_to, key_is_given
from etl.report.summary import Summary, summary_text
from etl.report.voice import Voice, make_console
from etl.report.wording import CHECK, what_next


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
        raise click.UsageError("--faults is about the rehearsal: add --sandbox")
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
    _tell_next(voice, request, summary)
    return summary.exit_code


def _tell_next(voice: Voice, request: JobRequest, summary: Summary) -> None:
    """Where the job itself had nothing to say, and somebody is not to be left alone with the figures."""
    if voice.mode != "text" or summary.next_command:
        return
    if request.command == CHECK and not summary.exit_code:
        run = ["lightfield-etl", "run", str(request.config_path), *map(shown_argument, request.data)]
        voice.next_step(shlex.join([*run, "--sandbox"] if request.offline else run))
    elif words := what_next(summary):
        voice.next_step(words)


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
    """The real world.

    Raises:
        SettingsError: The working folder is gone.
    """
    on_terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
    return Surroundings(
        environment=os.environ,
        clock=SystemClock(),
        random=SystemRandom(),
        voice=voice,
        stdin=sys.stdin.buffer if sys.stdin is not None else None,
        working_folder=_working_folder(),
        ask=_ask if on_terminal else None,
        practice=played,
    )


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise SettingsError("the folder in which you are is no longer there", next_step="change to one that is, then try again") from None


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
    typed = _prompt(f"API key for {key_goes_to(request, around)} (not shown)", hide_input=True)
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
    # A job's own handlers only note a signal until the job looks, and it cannot look while somebody is asked.
    before = {number: signal.signal(number, _leave_question) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return _prompt(prompt.rstrip(": "))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _prompt(text: str, *, hide_input: bool = False) -> str:
    """What a person types.

    Raises:
        InterruptedRunError: Ctrl-C, or the end of the input.
    """
    try:
        answer: str = click.prompt(text, default="", show_default=False, err=True, hide_input=hide_input)
    except click.Abort:
        _leave_question(signal.SIGINT, None)
    return answer


def _leave_question(number: int, _frame: FrameType | None) -> NoReturn:
    click.echo(err=True)  # the message begins a line of its own
    raise InterruptedRunError("interrupted at a question; nothing was changed", signal_number=number) from None
