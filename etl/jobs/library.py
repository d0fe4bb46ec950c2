"""The jobs for Python: what a notebook or a scheduler's task calls instead of the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import SystemRandom
from typing import Any, TextIO

from etl.clock import SystemClock
from etl.config.model import ReadConfig
from etl.config.reader import read_config
from etl.jobs.check import check as check_job
from etl.jobs.perform import Job, perform_job
from etl.jobs.request import JobRequest, Surroundings
from etl.jobs.run import run as run_job
from etl.report.summary import Summary
from etl.report.voice import Voice, make_console


def run(
    config: str | Path, data: str | Path | Sequence[str | Path] = (), *, environment: Mapping[str, str] | None = None, **options: Any
) -> Summary:
    """Import files, as ``lightfield-etl run --yes`` does; nobody is asked and nothing is printed.

    Args:
        config: The config file.
        data: Paths or globs; they replace ``source.path``.
        environment: Where API key, base URL and ledger are looked up; default: the process's.
        options: Further fields of ``JobRequest`` by name, such as ``out``, ``ledger``, ``limit``, ``rate``, ``stream``.

    Returns:
        What happened; its ``exit_code`` is the command's. A job that stops half-way returns, too: see ``reason``.

    Raises:
        ConfigError: The config cannot be read.
        SettingsError: The results folder cannot be made.
    """
    return _perform("run", run_job, config, data, environment, options)


def check(
    config: str | Path, data: str | Path | Sequence[str | Path] = (), *, environment: Mapping[str, str] | None = None, **options: Any
) -> Summary:
    """Look at files, as ``lightfield-etl check`` does; its ``counts`` are what a run would do. Arguments as ``run``."""
    return _perform("check", check_job, config, data, environment, options)


def load_config(path: str | Path, *, environment: Mapping[str, str] | None = None) -> ReadConfig:
    """Read a config file; ``.job`` is the config itself.

    Raises:
        ConfigError: With every fault, one a line.
    """
    return read_config(Path(path), os.environ if environment is None else environment)


def _perform(  # noqa: PLR0913, PLR0917  the two functions above in one
    command: str,
    job: Job,
    config: str | Path,
    data: str | Path | Sequence[str | Path],
    environment: Mapping[str, str] | None,
    options: dict[str, Any],
) -> Summary:
    paths = (str(data),) if isinstance(data, (str, Path)) else tuple(str(path) for path in data)
    request = JobRequest(command=command, config_path=Path(config), data=paths, typed=f"etl.{command}({str(config)!r})", **options)
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


def _silent_voice(stream: TextIO, clock: SystemClock) -> Voice:
    return Voice(make_console(stream, {}), mode="quiet", now=clock.now)
