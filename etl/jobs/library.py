"""The jobs for Python: what a notebook or a scheduler's task calls instead of the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import SystemRandom
from typing import Any, TextIO, TypedDict, Unpack

from etl.clock import SystemClock
from etl.config.amounts import CountOrShare, parse_count_or_share, parse_duration_seconds
from etl.config.model import ReadConfig
from etl.config.reader import read_config
from etl.config.words import did_you_mean
from etl.jobs.check import check as check_job
from etl.jobs.perform import Job, perform_job
from etl.jobs.request import JobRequest, Surroundings
from etl.jobs.run import run as run_job
from etl.report.summary import Summary
from etl.report.voice import Voice, make_console

PathText = str | Path
Data = PathText | Sequence[PathText]


class CheckOptions(TypedDict, total=False):
    """What ``check`` and ``run`` both take; none of them is required.

    Attributes:
        out: Folder of the run folders; default ``results``.
        ledger: A path or URL, over environment and config.
        base_url: The API's address, over the environment.
        api_key_file: A file that holds the API key; over the environment.
        limit: Only the first N rows.
        offline: Ask nobody (``check`` alone).
    """

    out: PathText
    ledger: str
    base_url: str
    api_key_file: PathText
    limit: int
    offline: bool


class RunOptions(CheckOptions, total=False):
    """What ``run`` takes besides; none of them is required.

    Attributes:
        rate: Writes a second at most.
        concurrency: Requests in flight; without it this adapts.
        max_failures: A number of rows, or a share such as ``"5%"``.
        max_duration_seconds: Seconds, or a duration such as ``"2h"``.
        wait_seconds: For the lock; seconds, or a duration such as ``"10m"``.
        stream: No look ahead.
        force_new: Go on although the ledger seems to be lost or old.
        sync: Over ``mode`` of the config.
        complete: The data are the whole source.
    """

    rate: float
    concurrency: int
    max_failures: int | str | CountOrShare
    max_duration_seconds: float | str
    wait_seconds: float | str
    stream: bool
    force_new: bool
    sync: bool
    complete: bool


_RUN_OPTIONS = frozenset(RunOptions.__annotations__) - {"offline"}
_CHECK_OPTIONS = frozenset(CheckOptions.__annotations__)
_CONVERTED = {
    "out": Path,
    "api_key_file": Path,
    "max_failures": parse_count_or_share,
    "max_duration_seconds": parse_duration_seconds,
    "wait_seconds": parse_duration_seconds,
}


def run(config: PathText, data: Data = (), *, environment: Mapping[str, str] | None = None, **options: Unpack[RunOptions]) -> Summary:
    """Import files, as ``lightfield-etl run --yes`` does; nobody is asked and nothing is printed.

    It may be called where an event loop is running (a notebook), and from any thread. In the main thread SIGINT and SIGTERM stop the
    run in an orderly way while it lasts, and an interrupted notebook cell does; the summary then says ``interrupted``.

    Args:
        config: The config file; paths here are relative to the working directory.
        data: Paths, globs or addresses; they replace ``source.path``.
        environment: Where API key, base URL and ledger are looked up; default: the process's.
        options: See ``RunOptions``.

    Returns:
        What happened; its ``exit_code`` is the command's. A job that could not finish returns, too: see ``reason``, ``message`` and
        ``next_command``.

    Raises:
        ConfigError: The config cannot be read.
        SettingsError: The results folder cannot be made.
        LocalFailureError: The summary cannot be written.
        TypeError: There is no such option.
        ValueError: An option's value is none.
    """
    return _perform("run", run_job, config, data, environment, _checked("run", dict(options), _RUN_OPTIONS))


def check(config: PathText, data: Data = (), *, environment: Mapping[str, str] | None = None, **options: Unpack[CheckOptions]) -> Summary:
    """Look at files, as ``lightfield-etl check`` does; nothing is sent, and the ``counts`` are what a run would do.

    Args:
        config: The config file; paths here are relative to the working directory.
        data: Paths, globs or addresses; they replace ``source.path``.
        environment: As of ``run``.
        options: See ``CheckOptions``.

    Returns:
        What was found: ``problems`` by kind with examples, and ``exit_code`` 1 where rows need a person.

    Raises:
        ConfigError, SettingsError, LocalFailureError, TypeError, ValueError: As of ``run``.
    """
    return _perform("check", check_job, config, data, environment, _checked("check", dict(options), _CHECK_OPTIONS))


def load_config(path: PathText, *, environment: Mapping[str, str] | None = None) -> ReadConfig:
    """Read a config file, with all that it extends.

    Args:
        path: Relative to the working directory.
        environment: Where ``${VAR}`` is looked up; default: the process's.

    Returns:
        ``.job`` is the config itself, in its final types; ``.where("map", "$title")`` says where a key stands.

    Raises:
        ConfigError: With every fault, one a line.
    """
    return read_config(Path(path), os.environ if environment is None else environment)


def _checked(command: str, options: dict[str, Any], allowed: frozenset[str]) -> dict[str, Any]:
    for name in options:
        if name not in allowed:
            raise TypeError(f"etl.{command}() has no option {name!r}{did_you_mean(name, sorted(allowed))}")
    return {name: _CONVERTED[name](value) if name in _CONVERTED and value is not None else value for name, value in options.items()}


def _perform(  # noqa: PLR0913, PLR0917  the two functions above in one
    command: str,
    job: Job,
    config: PathText,
    data: Data,
    environment: Mapping[str, str] | None,
    options: dict[str, Any],
) -> Summary:
    paths = (str(data),) if isinstance(data, (str, Path)) else tuple(map(str, data))
    request = JobRequest(command=command, config_path=Path(config), data=paths, typed=_typed(command, config, paths), **options)
    clock = SystemClock()
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        around = Surroundings(
            environment=os.environ if environment is None else environment,
            clock=clock,
            random=SystemRandom(),
            voice=_silent_voice(nowhere, clock),
            stdin=None,
            working_folder=Path.cwd(),
        )
        return perform_job(job, request, around)


def _typed(command: str, config: PathText, paths: tuple[str, ...]) -> str:
    """The call as it can be written again."""
    given = f", {list(paths)!r}" if paths else ""
    return f"etl.{command}({str(config)!r}{given})"


def _silent_voice(stream: TextIO, clock: SystemClock) -> Voice:
    return Voice(make_console(stream, {}), mode="quiet", now=clock.now)
