"""The command ``lightfield-etl``: the group of its commands, and the one place where an error becomes a line and an exit code."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn

import click
from click.exceptions import NoArgsIsHelpError

from etl.cli.streams import keep_streams
from etl.cli.tuning import spare_collector, tune_collector, tune_polars
from etl.cli.usage import usage_sentence
from etl.config.addresses import without_secrets
from etl.config.words import did_you_mean
from etl.errors import EtlError, crash_of

PROGRAM = "lightfield-etl"

_SECTIONS = {
    "Start": {
        "init": "Look at a file, recognise its CRM, write a starter config, and check the file through it.",
        "check": "Look at a file through a config: everything but the load, sends nothing.",
        "run": "Import a file: every row becomes exactly one task, or a line that says why not.",
        "demo": "See it work: a sample goes into a sandbox inside this process, twice.",
    },
    "Afterwards": {
        "verify": "Read back the whole import, row by row of the source, and write a receipt whose numbers add up.",
        "undo": "Take back a run, or the whole import; what people touched since is spared.",
        "runs": "Show the history: past runs, how each ended, and the rows that still wait.",
    },
    "Trouble": {
        "doctor": "Look at key, scopes, clock, limits, workspace, ledger and file: each ok, or what to do.",
        "retry": "Send again what is failed or uncertain, from the ledger alone: for a source that is gone.",
        "reconcile": "Rebuild a lost ledger from the tasks that Lightfield holds; writes nothing there.",
    },
    "Tools": {
        "sandbox": "Serve a local Lightfield API to practise on.",
        "schema": "Print the JSON Schema of the config, for editors.",
    },
}
_COMMANDS = {name: help_text for commands in _SECTIONS.values() for name, help_text in commands.items()}


class Commands(click.Group):
    """Commands that are imported when they are called, so that ``--help`` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the help."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, from the module of that name."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        command = import_module(f"etl.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names.

        Raises:
            UsageError: There is none; it says which one may be meant.
        """
        if args[0] in _COMMANDS or args[0].startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        raise click.UsageError(f"there is no command {args[0]!r}{did_you_mean(args[0], _COMMANDS)}", ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands in their groups, without importing one."""
        del ctx
        for section, commands in _SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl(list(commands.items()))


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:  # noqa: FBT001  click's callback
    if not wanted or ctx.resilient_parsing:
        return
    from etl.cli.versions import version_line

    click.echo(version_line())
    ctx.exit()


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the versions that matter.")
def group() -> None:
    """Bulk import of rows into Lightfield tasks: each row exactly once, whatever happens."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    # While a job lasts it has a handler of its own. Before and after, the kernel would spare the first process of a container: without
    # a handler SIGTERM does nothing to it, and the import would begin all the same.
    signal.signal(signal.SIGTERM, _leave)
    keep_streams()
    tune_collector()
    code = exit_code(arguments)
    spare_collector()
    sys.exit(code)


def exit_code(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; errors become lines on stderr, the last of which says what to do next."""
    tune_polars(os.environ, os.cpu_count())
    try:
        result: Any = group.main(args=None if arguments is None else list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except EtlError as error:
        _tell(error.message, error.next_step)
        return error.exit_code
    except click.UsageError as error:
        return _misused(error)
    except click.ClickException as error:
        _tell(without_secrets(error.format_message()), None)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _tell("interrupted", None)
        return 130
    except Exception as fault:  # noqa: BLE001  whatever it is: exit code 1 would say that the command has finished
        return _unforeseen(fault)
    return result if isinstance(result, int) else 0


def _misused(error: click.UsageError) -> int:
    if isinstance(error, NoArgsIsHelpError):
        click.echo(error.message, err=True)
    else:
        path = error.ctx.command_path if error.ctx else PROGRAM
        _tell(without_secrets(usage_sentence(error)), f"see {path} --help")
    return error.exit_code


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _unforeseen(fault: Exception) -> int:
    crash = crash_of(fault)
    _tell(crash.message, crash.next_step)
    return crash.exit_code


def _tell(message: str, next_step: str | None) -> None:
    """In the form that ``report.voice`` gives the messages of a job."""
    click.echo(f"error: {message}", err=True)
    if next_step:
        click.echo(f"next: {next_step}", err=True)
