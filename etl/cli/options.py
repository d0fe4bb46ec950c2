"""The options that commands share, and how their texts become values."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from etl.config.amounts import CountOrShare, parse_count_or_share, parse_duration_seconds

Command = TypeVar("Command", bound=Callable[..., Any])


class Number(click.FloatRange):
    """A number within a range."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Text to a number; a range lets nan pass, which is none."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number such as 12.5", param, ctx)
        return number


class WholeNumber(click.IntRange):
    """A whole number within a range."""

    name = "whole number"


class Duration(click.ParamType[float]):
    """``90s``, ``15m``, ``2h``, ``1d`` or plain seconds; the value is seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Text to seconds."""
        try:
            seconds = float(parse_duration_seconds(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not 0 <= seconds < float("inf"):
            self.fail(f"{value!r} is not a duration such as 90s, 15m or 2h", param, ctx)
        return seconds


class RowsOrShare(click.ParamType[CountOrShare]):
    """``25`` rows or ``5%`` of them."""

    name = "n|n%"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> CountOrShare:
        """Text to a count or a share."""
        try:
            parsed = parse_count_or_share(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if not isinstance(parsed, CountOrShare):
            self.fail(f"{value!r} is neither a number of rows nor a percentage", param, ctx)
        return parsed


_SHARED = (
    click.option(
        "--ledger",
        metavar="URL",
        help="Where the ledger is: a path, sqlite:///… or postgresql://… "
        "[default: $LIGHTFIELD_ETL_LEDGER, else what the config says, else <name>.ledger beside the config]",
    ),
    click.option("--base-url", metavar="URL", help="The API's address [default: $LIGHTFIELD_BASE_URL, else https://api.lightfield.app]"),
    click.option(
        "--api-key-file",
        type=click.Path(path_type=Path),
        help="A file that holds the API key [default: $LIGHTFIELD_API_KEY, $LIGHTFIELD_API_KEY_FILE or $LIGHTFIELD_API_KEY_COMMAND]",
    ),
    click.option("--out", type=click.Path(path_type=Path), default=Path("results"), show_default=True, help="The folder of the reports."),
    click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON on stdout, and nothing else there."),
    click.option("--quiet", is_flag=True, help="Say only what went wrong."),
    click.option(
        "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="The form of the messages on stderr."
    ),
)
_WAIT = click.option(
    "--wait",
    "wait_seconds",
    type=Duration(),
    default=0.0,
    metavar="DURATION",
    help="Wait so long for the lock, such as 10m [default: not at all]",
)


def shared_options(command: Command) -> Command:
    """The options of every command that looks at an import."""
    for option in reversed(_SHARED):
        command = option(command)
    return command


def writer_options(command: Command) -> Command:
    """The options of every command that takes the lock of an import."""
    return shared_options(_WAIT(command))


CONFIG = click.argument("config", type=click.Path(path_type=Path))
DATA = click.argument("data", nargs=-1)
LIMIT = click.option("--limit", type=WholeNumber(min=1), metavar="N", help="Take only the first N rows.")
